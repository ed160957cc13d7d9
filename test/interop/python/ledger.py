"""What the bank does to its accounts, each as one statement inside the SDK's barrier."""

import os

import pymysql
from dtmcli import utils

WITHDRAW = "update bank.account set balance = balance - %(amount)s where name = %(account)s and balance >= %(amount)s"
DEPOSIT = "update bank.account set balance = balance + %(amount)s where name = %(account)s"

STATEMENTS = {
    "/withdraw": WITHDRAW,
    "/withdraw/undo": DEPOSIT,
    "/deposit": DEPOSIT,
    "/deposit/undo": WITHDRAW,
    "/withdraw/try": "update bank.account set balance = balance - %(amount)s, outgoing = outgoing + %(amount)s"
    " where name = %(account)s and balance >= %(amount)s",
    "/withdraw/confirm": "update bank.account set outgoing = outgoing - %(amount)s where name = %(account)s",
    "/withdraw/cancel": "update bank.account set balance = balance + %(amount)s, outgoing = outgoing - %(amount)s"
    " where name = %(account)s",
    "/deposit/try": "update bank.account set incoming = incoming + %(amount)s where name = %(account)s",
    "/deposit/confirm": "update bank.account set balance = balance + %(amount)s, incoming = incoming - %(amount)s"
    " where name = %(account)s",
    "/deposit/cancel": "update bank.account set incoming = incoming - %(amount)s where name = %(account)s",
}


def connect():
    return pymysql.connect(host="127.0.0.1", port=int(os.environ["DATABASE_PORT"]), user="root")


def post(statement, order):
    """The work of one branch, as the barrier wants it: a function of a cursor."""

    def work(cursor):
        if cursor.execute(statement, order) == 0:
            raise utils.DTMFailureError("no such account, or not enough money: %s" % order["account"])

    return work
