import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Collections;
import pub.dtm.client.DtmClient;
import pub.dtm.client.saga.Saga;
import pub.dtm.client.tcc.Tcc;

/**
 * Starts one transaction with the SDK: a transfer from one account to another. Arguments: pattern, gid, payer, payee,
 * amount, and whether answers are lost. Prints two lines of JSON: {"gid"} before it starts, and what the SDK said.
 */
public final class Initiator {
    private static final String BANK = System.getenv("BANK") + "/";

    private Initiator() {}

    public static void main(String[] arguments) throws Exception {
        String gid = arguments[1];
        long amount = Long.parseLong(arguments[4]);
        boolean losesAnswers = Boolean.parseBoolean(arguments[5]);
        Order withdrawal = new Order(arguments[2], amount, losesAnswers);
        Order deposit = new Order(arguments[3], amount, losesAnswers);
        print("gid", gid);
        DtmClient client = new DtmClient(System.getenv("COORDINATOR"));
        try {
            print("returned", start(client, arguments[0], gid, withdrawal, deposit));
        } catch (Exception error) {
            print("raised", String.valueOf(error));
        }
    }

    private static String start(DtmClient client, String pattern, String gid, Order withdrawal, Order deposit)
            throws Exception {
        switch (pattern) {
            case "saga":
                return saga(client, gid, withdrawal, deposit).submit();
            case "concurrent-saga":
                Saga saga = saga(client, gid, withdrawal, deposit).enableConcurrent().enableWaitResult();
                return saga.addBranchOrder(1, Collections.singletonList(0)).submit();
            case "tcc":
                return client.tccGlobalTransaction(gid, tcc -> call(tcc, withdrawal, deposit));
            default:
                throw new IllegalArgumentException("no such pattern: " + pattern);
        }
    }

    /** The last step needs no compensation: where it is refused, nothing was done. */
    private static Saga saga(DtmClient client, String gid, Order withdrawal, Order deposit) {
        Saga saga = client.newSaga(gid);
        saga.add(BANK + "Withdraw", BANK + "WithdrawUndo", withdrawal);
        return saga.add(BANK + "Deposit", "", deposit);
    }

    private static void call(Tcc tcc, Order withdrawal, Order deposit) throws Exception {
        tcc.callBranch(withdrawal, BANK + "WithdrawTry", BANK + "WithdrawConfirm", BANK + "WithdrawCancel");
        tcc.callBranch(deposit, BANK + "DepositTry", BANK + "DepositConfirm", BANK + "DepositCancel");
    }

    private static void print(String name, String value) throws Exception {
        System.out.println(new ObjectMapper().writeValueAsString(Collections.singletonMap(name, value)));
    }
}
