package main

import (
	"github.com/dtm-labs/client/dtmcli"
	"github.com/go-redis/redis/v8"
)

// How long the keys of the barrier are kept: longer than the coordinator goes on trying.
const barrierSeconds = 7 * 24 * 3600

// redisLedger has an integer key for each account. What is frozen it does not show.
type redisLedger struct {
	client *redis.Client
}

func openRedis() redisLedger {
	return redisLedger{redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + databasePort})}
}

func (l redisLedger) post(branch *dtmcli.BranchBarrier, work posting, asked order) error {
	return branch.RedisCheckAdjustAmount(l.client, asked.Account, int(work.balance*asked.Amount), barrierSeconds)
}

func (l redisLedger) queryPrepared(branch *dtmcli.BranchBarrier) error {
	return branch.RedisQueryPrepared(l.client, barrierSeconds)
}
