"""
Starts one transaction with the SDK: a transfer from one account to another.

Prints two lines of JSON: {"gid"} before it starts, and what the SDK said at the end. The SDK prints its statements to the
standard output, so that goes to the standard error meanwhile.
"""

import argparse
import contextlib
import json
import os
import sys

from dtmcli import barrier, msg, saga, tcc, utils

import ledger

COORDINATOR = os.environ["COORDINATOR"] + "/api/dtmsvr"
BANK = os.environ["BANK"]


def run_saga(gid, orders):
    transaction = saga.Saga(COORDINATOR, gid)
    for path, order in orders:
        transaction.add(order, BANK + path, BANK + path + "/undo")
    return transaction.submit()


def run_tcc(gid, orders):
    def call_branches(transaction):
        for path, order in orders:
            urls = [BANK + path + step for step in ("/try", "/confirm", "/cancel")]
            transaction.call_branch(order, *urls)

    return tcc.tcc_global_transaction(COORDINATOR, gid, call_branches)


def prepare_message(gid, order):
    transaction = msg.Msg(COORDINATOR, gid)
    transaction.trans_base.timeout_to_fail = 2
    return transaction.add(order, BANK + "/deposit")


def run_message(gid, orders):
    """The SDK's way: barrier and local work in one transaction, then submit."""
    (_, withdrawal), (_, deposit) = orders
    cursor = ledger.connect().cursor()
    transaction = prepare_message(gid, deposit)
    return transaction.do_and_submit_db(BANK + "/query", cursor, ledger.post(ledger.WITHDRAW, withdrawal))


def run_message_that_dies(gid, orders, commits):
    """The process ends between prepare and submit."""
    (_, withdrawal), (_, deposit) = orders

    def die(branch):
        if commits:
            branch.call(ledger.connect().cursor(), ledger.post(ledger.WITHDRAW, withdrawal))
        os._exit(9)

    return prepare_message(gid, deposit).do_and_submit(BANK + "/query", die)


def run_late_work(gid, orders):
    """The local work of a message, begun when the message has been decided."""
    (_, withdrawal), _ = orders
    branch = barrier.BranchBarrier("msg", gid, "00", "msg")
    return branch.call(ledger.connect().cursor(), ledger.post(ledger.WITHDRAW, withdrawal))


KINDS = {
    "saga": run_saga,
    "tcc": run_tcc,
    "message": run_message,
    "message-dies-committed": lambda gid, orders: run_message_that_dies(gid, orders, True),
    "message-dies-uncommitted": lambda gid, orders: run_message_that_dies(gid, orders, False),
    "late-work": run_late_work,
}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("kind", choices=KINDS)
    arguments.add_argument("payer")
    arguments.add_argument("payee")
    arguments.add_argument("amount", type=int)
    arguments.add_argument("--gid")
    arguments.add_argument("--lose-answer", action="store_true")
    given = arguments.parse_args()
    gid = given.gid or utils.gen_gid(COORDINATOR)
    print(json.dumps({"gid": gid}), flush=True)
    common = {"amount": given.amount, "lose_answer": given.lose_answer}
    orders = [("/withdraw", {"account": given.payer, **common}), ("/deposit", {"account": given.payee, **common})]
    with contextlib.redirect_stdout(sys.stderr):
        try:
            said = {"returned": KINDS[given.kind](gid, orders)}
        except Exception as error:
            said = {"raised": type(error).__name__, "text": str(error)}
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
