import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import pub.dtm.client.barrier.BranchBarrier;
import pub.dtm.client.exception.FailureException;

/** The bank as an HTTP service: its branches, behind the SDK's barrier. */
public final class Bank {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<String> LOST = ConcurrentHashMap.newKeySet();

    private Bank() {}

    public static void main(String[] arguments) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.createContext("/", Bank::serve);
        server.start();
        System.out.println("bank http://127.0.0.1:" + server.getAddress().getPort());
    }

    private static void serve(HttpExchange exchange) throws IOException {
        String name = exchange.getRequestURI().getPath().substring(1);
        Map<String, String[]> query = queryOf(exchange.getRequestURI().getRawQuery());
        Order order = JSON.readValue(exchange.getRequestBody(), Order.class);
        int status = 200;
        String body = "{\"dtm_result\":\"SUCCESS\"}";
        try {
            Ledger.post(new BranchBarrier(query), name, order);
        } catch (FailureException error) {
            status = 409;
            body = "{\"dtm_result\":\"FAILURE\",\"message\":\"" + error.getMessage() + "\"}";
        } catch (Exception error) {
            status = 500;
            body = JSON.writeValueAsString(Map.of("message", String.valueOf(error)));
        }
        String call = String.join(" ", query.get("gid")[0], query.get("branch_id")[0], query.get("op")[0]);
        byte[] answer = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, answer.length);
        // What was done is committed, and nobody is told: the answer ends in its middle. (If nothing of it came, the
        // connection could have been closing already, and the call would be sent again at once.)
        if (!order.loseAnswer || !LOST.add(call)) exchange.getResponseBody().write(answer);
        exchange.close();
    }

    /** As a servlet gives them to the SDK. */
    private static Map<String, String[]> queryOf(String text) {
        Map<String, String[]> query = new HashMap<>();
        for (String pair : text.split("&")) {
            int end = pair.indexOf('=');
            query.put(pair.substring(0, end), new String[] {pair.substring(end + 1)});
        }
        return query;
    }
}
