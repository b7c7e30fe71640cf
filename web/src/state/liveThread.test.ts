import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { HttpClient } from "../api/http";
import { ProblemError } from "../api/problem";
import type { ThreadSnapshot } from "../api/types";
import { Connection } from "../realtime/connection";
import { EPOCH, snapshot, THREAD, wholeRun } from "../testing/events";
import { ScriptedSocket } from "../testing/socket";
import { LiveThread } from "./liveThread";
import { answerText } from "./thread";

const settle = () => vi.advanceTimersByTimeAsync(0);

function open(snapshots: (ThreadSnapshot | ProblemError)[]) {
  let fetched = 0;
  const json = () => {
    const next = snapshots[Math.min(fetched, snapshots.length - 1)]!;
    fetched += 1;
    return next instanceof ProblemError ? Promise.reject(next) : Promise.resolve(next);
  };
  const connection = new Connection(
    { ticket: () => Promise.resolve("t"), workspaceId: () => "w" },
    (url) => new ScriptedSocket(url) as unknown as WebSocket,
  );
  const live = new LiveThread(THREAD, { json } as unknown as HttpClient, connection);
  live.open();
  const run = () => {
    const state = live.state.get();
    return state.kind === "open" ? state.view.turns[0]?.run : undefined;
  };
  return { live, run, fetched: () => fetched };
}

const subscribes = () => ScriptedSocket.all.flatMap((socket) => socket.sent).filter((frame) => frame.type === "subscribe");

beforeEach(() => {
  vi.useFakeTimers();
  ScriptedSocket.all.length = 0;
});

afterEach(() => vi.useRealTimers());

describe("an open conversation", () => {
  it("restores a run in its middle and follows it to its end", async () => {
    const events = wholeRun();
    const { run } = open([snapshot(events.slice(0, 6))]);
    await settle();
    expect(run()).toMatchObject({ status: "running" });
    const socket = ScriptedSocket.all[0]!;
    socket.ready();
    expect(subscribes()).toEqual([{ type: "subscribe", thread_id: THREAD, cursor: { epoch: EPOCH, seq: 6 } }]);
    for (const event of events.slice(4)) socket.frame(event);
    expect(run()).toMatchObject({ status: "completed" });
    expect(answerText(run()!)).toBe("It saves {{f:1}}.");
  });

  it("fetches a fresh snapshot when told to resync, and goes on from it", async () => {
    const events = wholeRun();
    const { run, fetched } = open([snapshot(), snapshot(events)]);
    await settle();
    ScriptedSocket.all[0]!.ready();
    ScriptedSocket.all[0]!.frame({ type: "resync", thread_id: THREAD, data: { reason: "gone" } });
    await settle();
    expect(fetched()).toBe(2);
    expect(run()).toMatchObject({ status: "completed" });
    expect(subscribes().at(-1)).toMatchObject({ cursor: { seq: 11 } });
  });

  it("pauses between resyncs when the server keeps asking for them", async () => {
    const { fetched } = open([snapshot()]);
    await settle();
    ScriptedSocket.all[0]!.ready();
    const resync = async () => {
      ScriptedSocket.all[0]!.frame({ type: "resync", thread_id: THREAD, data: {} });
      await settle();
    };
    await resync();
    await resync();
    await resync();
    expect(fetched()).toBe(2);
    await vi.advanceTimersByTimeAsync(5000);
    expect(fetched()).toBe(3);
  });

  it("fetches a fresh snapshot when a hole stays open", async () => {
    const events = wholeRun();
    const { run, fetched } = open([snapshot(events.slice(0, 2)), snapshot(events)]);
    await settle();
    ScriptedSocket.all[0]!.ready();
    ScriptedSocket.all[0]!.frame(events[5]!);
    expect(run()!.agents).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(2000);
    expect(fetched()).toBe(2);
    expect(run()).toMatchObject({ status: "completed" });
  });

  it("says so when the conversation is not there", async () => {
    const problem = { title: "Not found", status: 404, detail: "", code: "not_found" };
    const { live } = open([new ProblemError(problem)]);
    await settle();
    expect(live.state.get()).toEqual({ kind: "failed", problem });
  });

  it("listens no longer once it is closed", async () => {
    const { live } = open([snapshot()]);
    await settle();
    ScriptedSocket.all[0]!.ready();
    const before = live.state.get();
    live.close();
    ScriptedSocket.all[0]!.frame(wholeRun()[0]!);
    expect(live.state.get()).toBe(before);
  });
});
