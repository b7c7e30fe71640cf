import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ScriptedSocket } from "../testing/socket";
import { backoffMs } from "./backoff";
import { Connection } from "./connection";

const settle = () => vi.advanceTimersByTimeAsync(0);
let tickets = 0;

function connect() {
  const cursor = { epoch: "e1", seq: 4 };
  const frames: string[] = [];
  const connection = new Connection(
    { ticket: () => Promise.resolve(`t${++tickets}`), workspaceId: () => "wsp_1" },
    (url) => new ScriptedSocket(url) as unknown as WebSocket,
  );
  const leave = connection.subscribe("thr_1", { cursor: () => cursor, frame: (frame) => frames.push(frame.type) });
  return { connection, cursor, frames, leave };
}

const last = () => ScriptedSocket.all.at(-1)!;

beforeEach(() => {
  vi.useFakeTimers();
  ScriptedSocket.all.length = 0;
  tickets = 0;
});

afterEach(() => vi.useRealTimers());

describe("the page's socket", () => {
  it("authenticates first and subscribes from the cursor only after ready", async () => {
    const { connection } = connect();
    await settle();
    last().accept();
    expect(last().sent).toEqual([{ type: "authenticate", ticket: "t1", workspace_id: "wsp_1" }]);
    last().frame({ type: "ready", data: {} });
    expect(last().sent[1]).toEqual({ type: "subscribe", thread_id: "thr_1", cursor: { epoch: "e1", seq: 4 } });
    expect(connection.state.get()).toEqual({ kind: "live" });
  });

  it("comes back after a loss with a new ticket, from where the reader is by then", async () => {
    const { connection, cursor } = connect();
    await settle();
    last().ready();
    cursor.seq = 9;
    last().close(1006);
    expect(connection.state.get().kind).toBe("waiting");
    await vi.advanceTimersByTimeAsync(1000);
    last().ready();
    expect(ScriptedSocket.all).toHaveLength(2);
    expect(last().sent).toMatchObject([{ ticket: "t2" }, { type: "subscribe", cursor: { seq: 9 } }]);
  });

  it("waits as long as a restarting server asks", async () => {
    const { connection } = connect();
    await settle();
    last().ready();
    last().frame({ type: "goodbye", data: { retry_after_ms: 7000 } });
    last().close(1012);
    await vi.advanceTimersByTimeAsync(6900);
    expect(ScriptedSocket.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(ScriptedSocket.all).toHaveLength(2);
    expect(connection.state.get().kind).toBe("connecting");
  });

  it("renews at once when a live session's token has run out", async () => {
    connect();
    await settle();
    last().ready();
    last().close(4401);
    await settle();
    expect(ScriptedSocket.all).toHaveLength(2);
  });

  it("does not hammer a server that refuses the workspace", async () => {
    const { connection } = connect();
    await settle();
    last().accept();
    last().close(4403);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ScriptedSocket.all).toHaveLength(1);
    expect(connection.state.get().kind).toBe("refused");
  });

  it("hands frames to the thread they name and to nobody after leaving", async () => {
    const { frames, leave } = connect();
    await settle();
    last().ready();
    last().frame({ type: "agent_started", thread_id: "thr_1", seq: 5, data: {} });
    last().frame({ type: "agent_started", thread_id: "thr_2", seq: 5, data: {} });
    leave();
    last().frame({ type: "agent_completed", thread_id: "thr_1", seq: 6, data: {} });
    expect(frames).toEqual(["agent_started"]);
    expect(last().sent.at(-1)).toEqual({ type: "unsubscribe", thread_id: "thr_1" });
  });

  it("stops asking when nobody is signed in any more", async () => {
    const connection = new Connection({ ticket: () => Promise.resolve(null), workspaceId: () => "w" }, () => {
      throw new Error("no socket without a ticket");
    });
    connection.subscribe("thr_1", { cursor: () => null, frame: () => undefined });
    await settle();
    expect(connection.state.get()).toEqual({ kind: "idle" });
  });
});

describe("backoff", () => {
  it("grows, stays below its ceiling and is spread", () => {
    const first = backoffMs(0, () => 1);
    expect(backoffMs(3, () => 1)).toBeGreaterThan(first);
    expect(backoffMs(50, () => 1)).toBe(15_000);
    expect(backoffMs(5, () => 0)).toBeLessThan(backoffMs(5, () => 1));
  });
});
