import { isLive, type Agent, type RunView, type Thought, type ToolCall } from "./thread";

/** An agent with the specialists it delegated to, in the order they were born. */
export interface AgentNode {
  agent: Agent;
  children: AgentNode[];
}

export function agentTree(agents: readonly Agent[]): AgentNode[] {
  const nodes = new Map(agents.map((agent) => [agent.agentId, { agent, children: [] as AgentNode[] }]));
  const roots: AgentNode[] = [];
  for (const node of nodes.values()) {
    const parent = node.agent.parent === null ? undefined : nodes.get(node.agent.parent);
    (parent ? parent.children : roots).push(node);
  }
  return roots;
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
  const last = agent.entries.at(-1);
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
