// The official JavaScript client, driven by JSON lines on stdin; replies and events are JSON lines on stdout.
// Packages come from the folder that MERIDIAN_JS_PEERS names, where `./test setup` installed them.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { KiteConnect, KiteTicker } = createRequire(`${process.env.MERIDIAN_JS_PEERS}/`)("kiteconnect");

const emit = (message) => console.log(JSON.stringify(message));

const gtt = ([trigger_type, tradingsymbol, exchange, trigger_values, last_price, orders]) => ({
  trigger_type,
  tradingsymbol,
  exchange,
  trigger_values,
  last_price,
  orders,
});

// Commands carry the Python client's names and argument order.
const methods = {
  generate_session: (kite, [requestToken, secret]) => kite.generateSession(requestToken, secret),
  profile: (kite) => kite.getProfile(),
  margins: (kite, [segment]) => kite.getMargins(segment),
  instruments: (kite, [exchange]) => kite.getInstruments(exchange),
  quote: (kite, [instruments]) => kite.getQuote(instruments),
  ohlc: (kite, [instruments]) => kite.getOHLC(instruments),
  ltp: (kite, [instruments]) => kite.getLTP(instruments),
  historical_data: (kite, [token, from, to, interval, continuous, oi]) =>
    kite.getHistoricalData(token, interval, from, to, continuous, oi),
  invalidate_access_token: (kite) => kite.invalidateAccessToken(kite.access_token),
  holdings: (kite) => kite.getHoldings(),
  positions: (kite) => kite.getPositions(),
  convert_position: (
    kite,
    [exchange, tradingsymbol, transaction_type, position_type, quantity, old_product, new_product],
  ) =>
    kite.convertPosition({
      exchange, tradingsymbol, transaction_type, position_type, quantity, old_product, new_product,
    }),
  place_order: (kite, [variety, exchange, tradingsymbol, transaction_type, quantity, product, order_type, more]) =>
    kite
      .placeOrder(variety, { exchange, tradingsymbol, transaction_type, quantity, product, order_type, ...more })
      .then(({ order_id }) => order_id),
  place_autoslice_order: (kite, [variety, exchange, tradingsymbol, transaction_type, quantity, product, order_type]) =>
    kite.placeOrder(variety, {
      exchange, tradingsymbol, transaction_type, quantity, product, order_type, autoslice: true,
    }),
  modify_order: (kite, [variety, id, changes]) =>
    kite.modifyOrder(variety, id, changes).then(({ order_id }) => order_id),
  cancel_order: (kite, [variety, id]) => kite.cancelOrder(variety, id).then(({ order_id }) => order_id),
  orders: (kite) => kite.getOrders(),
  order_history: (kite, [id]) => kite.getOrderHistory(id),
  order_trades: (kite, [id]) => kite.getOrderTrades(id),
  trades: (kite) => kite.getTrades(),
  get_gtts: (kite) => kite.getGTTs(),
  get_gtt: (kite, [id]) => kite.getGTT(id),
  place_gtt: (kite, given) => kite.placeGTT(gtt(given)),
  modify_gtt: (kite, [id, ...given]) => kite.modifyGTT(id, gtt(given)),
  delete_gtt: (kite, [id]) => kite.deleteGTT(id),
};

let rest;
let ticker;
// This client does not subscribe again after a reconnect: the application has to, in its connect handler.
const wanted = new Map();

const commands = {
  connect({ api_key, root, access_token }) {
    rest = new KiteConnect({ api_key, root, access_token });
    rest.setSessionExpiryHook(() => emit({ event: "session_expired" }));
  },
  call: ({ name, arguments: given }) => methods[name](rest, given),
  use_token: ({ access_token }) => rest.setAccessToken(access_token),
  ticker_connect({ api_key, access_token, root }) {
    ticker = new KiteTicker({ api_key, access_token, root });
    ticker.on("connect", () => {
      emit({ event: "connect" });
      for (const [token, mode] of wanted) {
        ticker.subscribe([token]);
        ticker.setMode(mode, [token]);
      }
    });
    ticker.on("ticks", (ticks) => emit({ event: "ticks", ticks }));
    ticker.on("message", (data) => emit({ event: "message", bytes: data.byteLength, binary: true }));
    ticker.on("order_update", (order) => emit({ event: "order_update", order }));
    ticker.on("close", ({ code, reason }) => emit({ event: "close", code, reason }));
    ticker.on("error", ({ message }) => emit({ event: "error", reason: message }));
    ticker.on("reconnect", (attempt) => emit({ event: "reconnect", attempt }));
    ticker.connect();
  },
  subscribe({ tokens }) {
    tokens.forEach((token) => wanted.set(token, "quote"));
    ticker.subscribe(tokens);
  },
  unsubscribe({ tokens }) {
    tokens.forEach((token) => wanted.delete(token));
    ticker.unsubscribe(tokens);
  },
  mode({ mode, tokens }) {
    tokens.forEach((token) => wanted.set(token, mode));
    ticker.setMode(mode, tokens);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  try {
    emit({ reply: (await commands[command.do](command)) ?? null });
  } catch (error) {
    // The client rejects with the plain error body of the server.
    emit({ failed: { type: error.error_type ?? error.name, message: error.message, code: error.code ?? null } });
  }
}
