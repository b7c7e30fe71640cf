import { useEffect, useState } from "react";
import { rootAgents, titleOf, words } from "../state/timeline";
import type { Agent, Entry, RunView, ToolCall } from "../state/thread";
import { formatCount, formatDuration } from "./format";
import { FigureButton } from "./FigureButton";
import { Icon } from "./Icon";
import { Meter, Spinner } from "./Feedback";

/** What the agents did, specialists nested under the agent that called them. */
export function Timeline({ run }: { run: RunView }) {
  return (
    <ol className="timeline" aria-label="What the agents did">
      {rootAgents(run.agents).map((agent) => <AgentItem key={agent.agentId} agent={agent} run={run} />)}
    </ol>
  );
}

function AgentItem({ agent, run }: { agent: Agent; run: RunView }) {
  return (
    <li className={`agent ${agent.status}`}>
      <div className="agent-head">
        <AgentState agent={agent} />
        <span className="agent-name">{titleOf(agent.name)}</span>
        {agent.plan.length > 0 && <span className="agent-plan">{agent.plan.map(words).join(" › ")}</span>}
        <span className="agent-time">
          {agent.ms !== null ? formatDuration(agent.ms) : agent.status === "running" && <Elapsed since={agent.startedAt} />}
        </span>
      </div>
      <ol className="entries">
        {agent.entries.map((entry) => <EntryItem key={keyOf(entry)} entry={entry} run={run} />)}
      </ol>
    </li>
  );
}

function EntryItem({ entry, run }: { entry: Entry; run: RunView }) {
  if (entry.kind === "tool") return <ToolItem call={entry} runId={run.runId} />;
  if (entry.kind === "agent") {
    const called = run.agents.find((candidate) => candidate.agentId === entry.agentId);
    return called ? <AgentItem agent={called} run={run} /> : null;
  }
  return (
    <li className="thought">
      <span className="step">{entry.of > 0 ? `${entry.step}/${entry.of}` : entry.step}</span>
      {entry.text}
    </li>
  );
}

const keyOf = (entry: Entry): string =>
  entry.kind === "tool" ? entry.callId : entry.kind === "agent" ? entry.agentId : `${entry.step}-${entry.text}`;

const STATE_LABELS: Record<Agent["status"], string> = {
  running: "working",
  completed: "done",
  failed: "failed",
  timed_out: "timed out",
  cancelled: "stopped",
};

function AgentState({ agent }: { agent: Agent }) {
  const label = STATE_LABELS[agent.status];
  if (agent.status === "running") return <Spinner />;
  const icon = agent.status === "completed" ? "check" : agent.status === "cancelled" ? "stop" : "alert";
  return <span className={`state-mark ${agent.status}`}><Icon name={icon} size={13} label={label} /></span>;
}

function ToolItem({ call, runId }: { call: ToolCall; runId: string }) {
  const details = JSON.stringify(call.arguments, null, 2);
  const hasDetails = details !== "{}";
  return (
    <li className={`tool ${call.status}`}>
      <div className="tool-head">
        <span className="tool-mark" aria-hidden="true">
          {call.status === "running" ? <Spinner /> : <Icon name={call.status === "ok" ? "check" : "alert"} size={12} />}
        </span>
        <span className="tool-name">{words(call.tool)}</span>
        <span className="tool-summary">{call.status === "running" ? call.progress?.text : call.summary}</span>
        {call.status !== "ok" && call.status !== "running" && <span className="chip bad">{call.status}</span>}
        <span className="agent-time">{call.ms !== null && formatDuration(call.ms)}</span>
      </div>
      {call.status === "running" && call.progress && <ToolProgress call={call} />}
      {(call.figures.length > 0 || hasDetails) && (
        <div className="tool-more">
          {call.figures.slice(0, 6).map((figure) => (
            <span key={figure.id} className="tool-figure">
              {figure.label} <FigureButton figure={figure} runId={runId} />
            </span>
          ))}
          {hasDetails && (
            <details>
              <summary>arguments</summary>
              <pre><code>{details}</code></pre>
            </details>
          )}
        </div>
      )}
    </li>
  );
}

function ToolProgress({ call }: { call: ToolCall }) {
  const { done, of, unit } = call.progress!;
  return (
    <div className="tool-progress">
      <Meter value={of ? Math.min(1, done / of) : null} label={`Progress of ${words(call.tool)}`} />
      <span className="faint small">
        {formatCount(done)}{of ? ` of ${formatCount(of)}` : ""} {unit}
      </span>
    </div>
  );
}

/** Seconds since a moment, counted on the page; it says nothing to a screen reader, which would hear every tick. */
export function Elapsed({ since }: { since: string | null }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const start = since ? Date.parse(since) : now;
  const seconds = Math.max(0, (now - start) / 1000);
  return <span aria-hidden="true">{seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s</span>;
}
