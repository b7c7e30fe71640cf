import { describe, expect, it } from "vitest";
import { accepted, delta, ended, event, figure, RUN, snapshot, wholeRun } from "../testing/events";
import { foldAll } from "./fold";
import { answerText, liveRun, viewOfSnapshot, type ThreadView, type ToolCall } from "./thread";

const empty = (): ThreadView => viewOfSnapshot(snapshot());
const runOf = (view: ThreadView) => view.turns[0]!.run;

describe("folding a run", () => {
  it("ends with the answer, its figures, its report and every agent done", () => {
    const view = foldAll(empty(), wholeRun());
    const run = runOf(view);
    expect(view.thread).toMatchObject({ title: "Caching", status: "idle" });
    expect(run).toMatchObject({ status: "completed", answer: "answered", reportId: "rep_1", ms: 5000 });
    expect(answerText(run)).toBe("It saves {{f:1}}.");
    expect(run.figures).toEqual([figure("1")]);
    expect(run.agents.map((agent) => [agent.name, agent.status, agent.ms])).toEqual([
      ["supervisor", "completed", 5000],
      ["data", "completed", 300],
    ]);
  });

  it("keeps a specialist where its caller called it", () => {
    const supervisor = runOf(foldAll(empty(), wholeRun())).agents[0]!;
    expect(supervisor.entries.map((entry) => entry.kind)).toEqual(["thought", "agent", "thought"]);
  });

  it("changes nothing when every event is folded a second time", () => {
    const once = foldAll(empty(), wholeRun());
    expect(foldAll(once, wholeRun())).toEqual(once);
  });

  it("gives the same view from a snapshot at any point and the events after it", () => {
    const events = wholeRun();
    const whole = foldAll(empty(), events);
    for (let cut = 0; cut <= events.length; cut += 1) {
      const restored = foldAll(viewOfSnapshot(snapshot()), events.slice(0, cut));
      expect(foldAll(restored, events.slice(cut))).toEqual(whole);
    }
  });

  it("shows the thread as running until its last run has ended", () => {
    const events = wholeRun();
    expect(foldAll(empty(), events.slice(0, -1)).thread.status).toBe("running");
    const second = foldAll(empty(), [...events, accepted(12, "And in a year?", "run_2", "And in a year?")]);
    expect(second.thread.title).toBe("Caching");
    expect(second.thread.status).toBe("running");
    expect(liveRun(second)?.runId).toBe("run_2");
  });

  it("drops the calls of a superseded attempt and takes those of the next one", () => {
    const [first] = wholeRun().splice(5, 1);
    const again = { ...first!, seq: 13, data: { ...first!.data, call_id: "tcl_2" } };
    const view = foldAll(empty(), [
      ...wholeRun().slice(0, 6),
      event(12, "superseded", { step: "data", attempt: 2, call_ids: ["tcl_1"] }),
      again,
    ]);
    const calls = runOf(view).agents[1]!.entries.filter((entry): entry is ToolCall => entry.kind === "tool");
    expect(calls.map((call) => [call.callId, call.status])).toEqual([["tcl_2", "running"]]);
  });

  it("shows progress of a running call and forgets it when the call ends", () => {
    const progress = event(null, "progress", { agent_id: "agt_d", call_id: "tcl_1", done: 5, of: 10, unit: "calls", text: "" });
    const during = foldAll(empty(), [...wholeRun().slice(0, 6), progress]);
    expect((runOf(during).agents[1]!.entries[0] as ToolCall).progress).toMatchObject({ done: 5, of: 10 });
    const after = foldAll(during, [wholeRun()[6]!, progress]);
    expect((runOf(after).agents[1]!.entries[0] as ToolCall).progress).toBeNull();
  });

  it("settles whatever was still running when the run is cancelled", () => {
    const view = foldAll(empty(), [...wholeRun().slice(0, 6), ended(12, "cancelled")]);
    expect(runOf(view).agents.every((agent) => agent.status === "cancelled")).toBe(true);
    expect((runOf(view).agents[1]!.entries[0] as ToolCall).status).toBe("error");
    expect(liveRun(view)).toBeNull();
  });

  it("does not bring an ended run back to life with a late event", () => {
    const view = foldAll(empty(), [...wholeRun(), event(12, "state_changed", { subject: "run", changes: { status: "running" } }), delta(0, "late")]);
    expect(runOf(view).status).toBe("completed");
    expect(answerText(runOf(view))).toBe("It saves {{f:1}}.");
  });

  it("ignores events of a run it has never heard of, and types it does not know", () => {
    const view = foldAll(empty(), wholeRun());
    const strange = { ...wholeRun()[3]!, run_id: "run_9" };
    expect(foldAll(view, [strange, { ...strange, run_id: RUN, type: "something_new" }])).toBe(view);
  });

  it("renames the thread when the server says so", () => {
    const view = foldAll(empty(), [event(1, "state_changed", { subject: "thread", changes: { title: "October" } })]);
    expect(view.thread.title).toBe("October");
  });
});

describe("a snapshot without events", () => {
  it("shows questions and stored answers with their figures and report", () => {
    const view = viewOfSnapshot({
      ...snapshot(),
      messages: [
        { id: "msg_1", role: "user", text: "Why?", run_id: RUN },
        { id: "msg_2", role: "assistant", text: "Because.", run_id: RUN, result: { outcome: "completed", answer: "answered", figures: [figure("1")], report_id: "rep_1", ms: 9 } },
      ],
      runs: [{ id: RUN, status: "completed" }],
    });
    expect(view.turns).toHaveLength(1);
    expect(runOf(view)).toMatchObject({ status: "completed", message: "Because.", reportId: "rep_1", figures: [figure("1")] });
  });
});
