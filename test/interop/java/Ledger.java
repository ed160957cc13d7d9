import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Map;
import pub.dtm.client.barrier.BranchBarrier;
import pub.dtm.client.exception.FailureException;

/** The accounts of the bank. What a branch does to one is a single statement inside the SDK's barrier. */
final class Ledger {
    /** How often the amount of an order is added to balance, outgoing and incoming. */
    private static final Map<String, int[]> POSTINGS = Map.of(
            "Withdraw", new int[] {-1, 0, 0},
            "WithdrawUndo", new int[] {1, 0, 0},
            "WithdrawTry", new int[] {-1, 1, 0},
            "WithdrawConfirm", new int[] {0, -1, 0},
            "WithdrawCancel", new int[] {1, -1, 0},
            "Deposit", new int[] {1, 0, 0},
            "DepositTry", new int[] {0, 0, 1},
            "DepositConfirm", new int[] {1, 0, -1},
            "DepositCancel", new int[] {0, 0, -1});

    private static final String STATEMENT = "update bank.account set balance = balance + ?, outgoing = outgoing + ?,"
            + " incoming = incoming + ? where name = ? and balance + ? >= 0";

    private Ledger() {}

    static void post(BranchBarrier branch, String name, Order order) throws Exception {
        try (Connection connection = connect()) {
            branch.call(connection, ignored -> change(connection, POSTINGS.get(name), order));
        }
    }

    private static void change(Connection connection, int[] posting, Order order) throws SQLException, FailureException {
        try (PreparedStatement statement = connection.prepareStatement(STATEMENT)) {
            for (int column = 0; column < posting.length; column++) {
                statement.setLong(column + 1, posting[column] * order.amount);
            }
            statement.setString(4, order.account);
            statement.setLong(5, posting[0] * order.amount);
            if (statement.executeUpdate() == 0) {
                throw new FailureException("no such account, or not enough money: " + order.account);
            }
        }
    }

    /** The SDK looks for the table of its barrier in the current database. */
    private static Connection connect() throws SQLException {
        String port = System.getenv("DATABASE_PORT");
        return DriverManager.getConnection("jdbc:mariadb://127.0.0.1:" + port + "/dtm_barrier?user=root");
    }
}
