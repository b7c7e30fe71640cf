import { isLive, type Agent, type RunView, type Thought, type ToolCall } from "./thread";

/** Agents that nobody on the page called: the supervisor, and whoever's caller is not known. */
export function rootAgents(agents: readonly Agent[]): Agent[] {
  const called = new Set(
    agents.flatMap((agent) => agent.entries).flatMap((entry) => (entry.kind === "agent" ? [entry.agentId] : [])),
  );
  return agents.filter((agent) => !called.has(agent.agentId));
}

export interface RunSummary {
  agents: number;
  calls: number;
  failedCalls: number;
  now: string;
  fraction: number | null;
}

/** The one line that stands for the whole timeline while it is folded. */
export function summaryOf(run: RunView): RunSummary {
  const calls = run.agents.flatMap((agent) => agent.entries).filter((entry) => entry.kind === "tool");
  return {
    agents: run.agents.length,
    calls: calls.length,
    failedCalls: calls.filter((call) => call.status !== "ok" && call.status !== "running").length,
    now: isLive(run) ? nowOf(run) : "",
    fraction: isLive(run) ? fractionOf(run) : null,
  };
}

function nowOf(run: RunView): string {
  if (run.agents.length === 0) return run.status === "queued" ? "Waiting for a worker" : "Starting";
  const agent = run.agents.findLast((candidate) => candidate.status === "running") ?? run.agents.at(-1)!;
  const last = agent.entries.findLast((entry): entry is ToolCall | Thought => entry.kind !== "agent");
  if (!last) return `${titleOf(agent.name)} is starting`;
  return last.kind === "tool" ? toolNow(last) : last.text;
}

const toolNow = (call: ToolCall): string =>
  call.status === "running" ? `${words(call.tool)}${call.progress?.text ? `: ${call.progress.text}` : ""}` : call.summary || words(call.tool);

/** Steps of the supervisor, as far as its latest thought says; null while nothing says how far it is. */
function fractionOf(run: RunView): number | null {
  const root = run.agents.find((agent) => agent.parent === null);
  const thought = root?.entries.findLast((entry): entry is Thought => entry.kind === "thought");
  if (!thought || thought.of <= 0) return null;
  return Math.min(1, Math.max(0, (thought.step - 0.5) / thought.of));
}

export const words = (name: string): string => name.replace(/[_.-]+/g, " ").trim();

export const titleOf = (name: string): string => {
  const text = words(name);
  return text.charAt(0).toUpperCase() + text.slice(1);
};
