/** What a branch is asked to do; it travels as JSON. */
public class Order {
    public String account;
    public long amount;
    /** The first call of each branch is done and not answered. */
    public boolean loseAnswer;

    public Order() {}

    public Order(String account, long amount, boolean loseAnswer) {
        this.account = account;
        this.amount = amount;
        this.loseAnswer = loseAnswer;
    }
}
