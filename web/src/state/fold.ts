import type { Envelope } from "../api/types";
import type { FrameType, Payloads } from "../realtime/frames";
import { applyDelta, completePart } from "./stream";
import { emptyRun, isLive, liveRun, statusOf, type Agent, type Entry, type RunView, type ThreadView, type ToolCall } from "./thread";

/**
 * Folds one event into the view. Every branch sets by key, so an event folded twice, or a snapshot that already
 * holds its effect, changes nothing: snapshot + later events = fresh snapshot.
 */
export function foldEvent(view: ThreadView, event: Envelope): ThreadView {
  const fold = FOLDS[event.type as FrameType] as Fold<FrameType> | undefined;
  return fold ? fold(view, event, event.data as never) : view;
}

export const foldAll = (view: ThreadView, events: Envelope[]): ThreadView => events.reduce(foldEvent, view);

type Fold<T extends FrameType> = (view: ThreadView, event: Envelope, data: Payloads[T]) => ThreadView;

const FOLDS: { [T in FrameType]?: Fold<T> } = {
  message_accepted: (view, event, data) => accepted(view, event, data),
  agent_started: (view, event, data) =>
    inRun(view, event, (run) => ({
      ...run,
      status: isLive(run) ? "running" : run.status,
      startedAt: run.startedAt ?? event.ts ?? null,
      agents: upsertAgent(delegated(run.agents, event.parent ?? null, data.agent_id), {
        agentId: data.agent_id,
        parent: event.parent ?? null,
        name: data.agent,
        plan: data.plan,
        status: "running",
        entries: [],
        startedAt: event.ts ?? null,
        message: "",
        ms: null,
      }),
    })),
  agent_thinking: (view, event, data) =>
    inAgent(view, event, data, (agent) => {
      const thought = { kind: "thought" as const, step: data.step, of: data.of, text: data.text };
      const known = agent.entries.findIndex((entry) => entry.kind === "thought" && entry.step === data.step && entry.text === data.text);
      return { ...agent, entries: placed(agent.entries, known, thought) };
    }),
  tool_executing: (view, event, data) =>
    inAgent(view, event, data, (agent) => {
      const known = agent.entries.findIndex((entry) => isCall(entry, data.call_id));
      if (known >= 0 && (agent.entries[known] as ToolCall).status !== "running") return agent;
      return { ...agent, entries: placed(agent.entries, known, startedCall(data)) };
    }),
  tool_completed: (view, event, data) =>
    inAgent(view, event, data, (agent) => {
      const known = agent.entries.findIndex((entry) => isCall(entry, data.call_id));
      const begun = known >= 0 ? (agent.entries[known] as ToolCall) : startedCall({ ...data, arguments: {} });
      const { status, summary, figures, ms } = data;
      return { ...agent, entries: placed(agent.entries, known, { ...begun, status, summary, figures, ms, progress: null }) };
    }),
  agent_completed: (view, event, data) => {
    const ended = inAgent(view, event, data, (agent) => ({
      ...agent,
      status: data.outcome,
      message: data.message,
      ms: data.ms,
    }));
    return event.parent ? ended : withStatus(inRun(ended, event, (run) => terminal(run, data)));
  },
  message_delta: (view, event, data) =>
    inRun(view, event, (run) => (isLive(run) ? { ...run, parts: applyDelta(run.parts, data) } : run)),
  message_completed: (view, event, data) =>
    inRun(view, event, (run) => ({ ...run, parts: completePart(run.parts, data) })),
  progress: (view, event, data) =>
    inRun(view, event, (run) => ({
      ...run,
      agents: run.agents.map((agent) => ({
        ...agent,
        entries: agent.entries.map((entry) =>
          isCall(entry, data.call_id) && entry.kind === "tool" && entry.status === "running"
            ? { ...entry, progress: { done: data.done, of: data.of, unit: data.unit, text: data.text } }
            : entry,
        ),
      })),
    })),
  state_changed: (view, event, data) => {
    if (data.subject === "thread") return { ...view, thread: { ...view.thread, ...data.changes } };
    const { status } = data.changes;
    return inRun(view, event, (run) => {
      if (!isLive(run)) return run;
      // A change of a run that is not its status is the request to end it.
      return status === undefined ? { ...run, stopping: true } : { ...run, status: statusOf(status) };
    });
  },
  superseded: (view, event, data) => {
    const gone = new Set(data.call_ids);
    return inRun(view, event, (run) => ({
      ...run,
      agents: run.agents.map((agent) => ({
        ...agent,
        entries: agent.entries.filter((entry) => entry.kind !== "tool" || !gone.has(entry.callId)),
      })),
    }));
  },
};

function accepted(view: ThreadView, event: Envelope, data: Payloads["message_accepted"]): ThreadView {
  const runId = event.run_id ?? data.message_id;
  // Only the first question names a thread; a later one carries its own words there.
  const thread = view.thread.title === null ? { ...view.thread, title: data.title } : view.thread;
  const known = view.turns.some((turn) => turn.runId === runId);
  const turns = known
    ? view.turns.map((turn) =>
        turn.runId === runId ? { ...turn, messageId: data.message_id, question: data.text } : turn,
      )
    : [...view.turns, { runId, messageId: data.message_id, question: data.text, run: emptyRun(runId) }];
  return withStatus({ ...view, thread, turns });
}

/** A thread is running while a run of it waits or works; the server tells it the same way in its snapshot. */
function withStatus(view: ThreadView): ThreadView {
  const status = liveRun(view) ? "running" : "idle";
  return view.thread.status === status ? view : { ...view, thread: { ...view.thread, status } };
}

function terminal(run: RunView, data: Payloads["agent_completed"]): RunView {
  const agents = run.agents.map((agent) =>
    agent.status === "running" ? { ...agent, status: data.outcome } : agent,
  );
  return {
    ...run,
    agents: agents.map((agent) => ({ ...agent, entries: agent.entries.map(settled) })),
    status: data.outcome,
    answer: data.answer,
    missing: data.missing,
    figures: data.figures,
    reportId: data.report_id,
    message: data.prose || data.message || run.message,
    cost: data.cost,
    usage: data.usage,
    ms: data.ms,
  };
}

/** A call that was cut off by the end of its run must not spin for ever. */
const settled = (entry: Entry): Entry =>
  entry.kind === "tool" && entry.status === "running"
    ? { ...entry, status: "error", summary: entry.summary || "stopped with the run", progress: null }
    : entry;

function inRun(view: ThreadView, event: Envelope, change: (run: RunView) => RunView): ThreadView {
  if (event.run_id === null) return view;
  const index = view.turns.findIndex((turn) => turn.runId === event.run_id);
  const turn = view.turns[index];
  if (!turn) return view;
  const run = change(turn.run);
  return run === turn.run ? view : { ...view, turns: view.turns.with(index, { ...turn, run }) };
}

function inAgent(
  view: ThreadView,
  event: Envelope,
  data: { agent_id: string; agent: string },
  change: (agent: Agent) => Agent,
): ThreadView {
  return inRun(view, event, (run) => {
    const index = run.agents.findIndex((agent) => agent.agentId === data.agent_id);
    const agent = run.agents[index];
    if (!agent) return run;
    const changed = change(agent);
    return changed === agent ? run : { ...run, agents: run.agents.with(index, changed) };
  });
}

function upsertAgent(agents: Agent[], agent: Agent): Agent[] {
  const index = agents.findIndex((known) => known.agentId === agent.agentId);
  if (index < 0) return [...agents, agent];
  const known = agents[index]!;
  const status = known.status;
  return agents.with(index, { ...agent, status, entries: known.entries, message: known.message, ms: known.ms });
}

/** Marks in the parent's course where the specialist began. */
function delegated(agents: Agent[], parent: string | null, agentId: string): Agent[] {
  return agents.map((agent) =>
    agent.agentId !== parent || agent.entries.some((entry) => entry.kind === "agent" && entry.agentId === agentId)
      ? agent
      : { ...agent, entries: [...agent.entries, { kind: "agent", agentId }] },
  );
}

const startedCall = (data: Payloads["tool_executing"]): ToolCall => ({
  kind: "tool",
  callId: data.call_id,
  tool: data.tool,
  arguments: data.arguments,
  status: "running",
  summary: "",
  figures: [],
  ms: null,
  progress: null,
});

const isCall = (entry: Entry, callId: string): boolean =>
  entry.kind === "tool" && entry.callId === callId;

const placed = <T>(items: T[], index: number, item: T): T[] =>
  index < 0 ? [...items, item] : items.with(index, item);

