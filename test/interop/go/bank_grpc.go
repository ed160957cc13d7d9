package main

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/dtm-labs/client/dtmcli"
	"github.com/dtm-labs/client/dtmgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// registerBank makes a service of the branches. Orders are Structs, so that no code needs to be generated.
func registerBank(server *grpc.Server, b *bank) {
	names := []string{"Query", "ForwardTry", "ForwardConfirm", "ForwardCancel", "WithdrawXa", "DepositXa"}
	for name := range postings {
		names = append(names, name)
	}
	service := grpc.ServiceDesc{ServiceName: "bank.Bank", HandlerType: (*interface{})(nil)}
	for _, name := range names {
		service.Methods = append(service.Methods, grpc.MethodDesc{MethodName: name, Handler: b.handler(name)})
	}
	server.RegisterService(&service, b)
}

func (b *bank) handler(name string) methodHandler {
	return func(_ interface{}, ctx context.Context, decode func(interface{}) error, _ grpc.UnaryServerInterceptor) (interface{}, error) {
		message := &structpb.Struct{}
		if err := decode(message); err != nil {
			return nil, err
		}
		asked := grpcCall(ctx, name, message)
		err := b.perform(asked)
		if b.losesAnswer(asked) {
			return nil, status.Error(codes.Unavailable, "the answer got lost")
		}
		if err != nil {
			return nil, dtmgrpc.DtmError2GrpcError(err)
		}
		return &emptypb.Empty{}, nil
	}
}

type methodHandler = func(interface{}, context.Context, func(interface{}) error, grpc.UnaryServerInterceptor) (interface{}, error)

func grpcCall(ctx context.Context, name string, message *structpb.Struct) call {
	asked := call{name: name, asked: orderFrom(message)}
	asked.barrier = func() (*dtmcli.BranchBarrier, error) { return dtmgrpc.BarrierFromGrpc(ctx) }
	asked.forward = func() error {
		tcc, err := dtmgrpc.TccFromGrpc(ctx)
		if err != nil {
			return err
		}
		return callTccGrpc(tcc, "Deposit", asked.asked)
	}
	asked.xa = func(work posting) error {
		return dtmgrpc.XaLocalTransaction(ctx, databaseConf(), func(db *sql.DB, _ *dtmgrpc.XaGrpc) error {
			return change(db, work, asked.asked)
		})
	}
	return asked
}

func (o order) message() *structpb.Struct {
	message, err := structpb.NewStruct(map[string]interface{}{
		"account": o.Account, "amount": float64(o.Amount), "loseAnswer": o.LoseAnswer,
	})
	must(err)
	return message
}

func orderFrom(message *structpb.Struct) order {
	text, err := json.Marshal(message.AsMap())
	must(err)
	var asked order
	must(json.Unmarshal(text, &asked))
	return asked
}
