package main

// order is what a branch is asked to do; it travels as JSON, over gRPC as a Struct.
type order struct {
	Account string `json:"account"`
	Amount  int64  `json:"amount"`
	// The first call of each branch is done and not answered.
	LoseAnswer bool `json:"loseAnswer,omitempty"`
}

// posting says how often an order's amount is added to what an account has.
type posting struct {
	balance, outgoing, incoming int64
}

// postings are the branches of the bank by their name, which ends their URL. What is tried is frozen first.
var postings = map[string]posting{
	"Withdraw":        {balance: -1},
	"WithdrawUndo":    {balance: 1},
	"WithdrawTry":     {balance: -1, outgoing: 1},
	"WithdrawConfirm": {outgoing: -1},
	"WithdrawCancel":  {balance: 1, outgoing: -1},
	"Deposit":         {balance: 1},
	"DepositUndo":     {balance: -1},
	"DepositTry":      {incoming: 1},
	"DepositConfirm":  {balance: 1, incoming: -1},
	"DepositCancel":   {incoming: -1},
}
