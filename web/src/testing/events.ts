import type { Envelope, Figure, ThreadSnapshot } from "../api/types";
import type { FrameType, Payloads } from "../realtime/frames";

/** Events of a small thread, as the server writes them. */

export const RUN = "run_1";
export const THREAD = "thr_1";
export const EPOCH = "e1";

export const figure = (id: string, value: Figure["value"] = "911.44", unit: Figure["unit"] = "usd"): Figure => ({
  id,
  value,
  unit,
  label: `figure ${id}`,
  query: { measures: ["cost_usd"] },
  sql: "SELECT 1",
  rows: 48231,
  since: "2026-10-01T00:00:00Z",
  until: "2026-10-31T00:00:00Z",
});

export function event<T extends FrameType>(
  seq: number | null,
  type: T,
  data: Payloads[T],
  parent: string | null = null,
  runId: string = RUN,
): Envelope {
  return {
    type,
    thread_id: THREAD,
    run_id: runId,
    seq,
    epoch: seq === null ? null : EPOCH,
    event_id: seq === null ? null : `evt_${seq}`,
    parent,
    ts: "2026-11-01T10:00:00Z",
    data: data as unknown as Record<string, unknown>,
  };
}

const agent = (id: string, name: string) => ({ agent_id: id, agent: name });

export const accepted = (seq: number, text = "What would caching save?", runId = RUN, title = "Caching"): Envelope =>
  event(seq, "message_accepted", { message_id: `msg_${runId}`, client_message_id: "c1", text, title }, null, runId);

export const ended = (seq: number, outcome: Payloads["agent_completed"]["outcome"] = "completed"): Envelope =>
  event(seq, "agent_completed", {
    ...agent("agt_s", "supervisor"),
    outcome,
    answer: outcome === "completed" ? "answered" : null,
    missing: [],
    report_id: outcome === "completed" ? "rep_1" : null,
    message: outcome === "completed" ? "It saves $1.00." : "",
    prose: outcome === "completed" ? "It saves {{f:1}}." : null,
    figures: [figure("1")],
    usage: {},
    cost: "0.02",
    ms: 5000,
    message_id: "msg_a",
  });

/** A whole run: the supervisor, one specialist with one call, the text, the end. */
export const wholeRun = (): Envelope[] => [
  accepted(1),
  event(2, "state_changed", { subject: "run", changes: { status: "running" } }),
  event(3, "agent_started", { ...agent("agt_s", "supervisor"), question: "q", plan: ["data"], limits: {} }),
  event(4, "agent_thinking", { ...agent("agt_s", "supervisor"), step: 1, of: 2, text: "Looking at the data" }),
  event(5, "agent_started", { ...agent("agt_d", "data"), question: "q", plan: [], limits: {} }, "agt_s"),
  event(6, "tool_executing", { ...agent("agt_d", "data"), tool: "usage_query", call_id: "tcl_1", arguments: { by: "model" } }, "agt_s"),
  event(7, "tool_completed", { ...agent("agt_d", "data"), tool: "usage_query", call_id: "tcl_1", status: "ok", summary: "5 models", figures: [figure("1")], ms: 120 }, "agt_s"),
  event(8, "agent_completed", {
    ...agent("agt_d", "data"), outcome: "completed", answer: null, missing: [], report_id: null, message: "", prose: null, figures: [],
    usage: {}, cost: null, ms: 300, message_id: null,
  }, "agt_s"),
  event(9, "agent_thinking", { ...agent("agt_s", "supervisor"), step: 2, of: 2, text: "Wording the answer" }),
  event(10, "message_completed", { part: 0, text: "It saves {{f:1}}." }),
  ended(11),
];

export const delta = (offset: number, text: string, part = 0): Envelope =>
  event(null, "message_delta", { part, offset, text });

export const snapshot = (events: Envelope[] = []): ThreadSnapshot => ({
  thread: { id: THREAD, title: null, status: "idle", created_at: "2026-11-01T09:00:00Z" },
  messages: [],
  runs: [],
  events,
  cursor: { epoch: EPOCH, seq: events.findLast((item) => item.seq !== null)?.seq ?? 0 },
});
