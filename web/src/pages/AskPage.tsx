import { useState } from "react";
import { sendMessage } from "../api/conversations";
import { problemOf, type Problem } from "../api/problem";
import { usageOverview } from "../api/usage";
import { Composer } from "../parts/Composer";
import { ProblemNote } from "../parts/Feedback";
import { formatCount } from "../parts/format";
import { formatDay } from "../parts/time";
import { useApp, useResource } from "../state/app";
import { hrefOf, navigate } from "../state/route";
import { mayImport, useRole } from "../state/roles";
import { useStore } from "../state/store";

const STARTERS: { title: string; question: string }[] = [
  { title: "Cost", question: "What are the top five cost drivers this month?" },
  { title: "Savings", question: "Cut our spend by 20 % without losing quality. What would you change?" },
  { title: "Latency", question: "Where is the time going, and what would halve the p95?" },
  { title: "Caching", question: "How much would prompt caching save us?" },
  { title: "Models", question: "Which calls can use a cheaper model at the same quality?" },
  { title: "Capacity", question: "We expect 50 % more users next month. What will it cost?" },
];

/** The start of a conversation: one box, a few good first questions, and what data there is to answer from. */
export function AskPage() {
  const { http, threads } = useApp();
  const [problem, setProblem] = useState<Problem | null>(null);
  const ask = async (text: string): Promise<boolean> => {
    setProblem(null);
    try {
      const accepted = await sendMessage(http, null, text, crypto.randomUUID());
      threads.touch({ id: accepted.thread_id, title: text.slice(0, 80), created_at: new Date().toISOString() });
      navigate({ page: "thread", threadId: accepted.thread_id });
      return true;
    } catch (error) {
      setProblem(problemOf(error));
      return false;
    }
  };
  return (
    <div className="column ask-page">
      <h1>What do you want to know about your LLM spend?</h1>
      <DataLine />
      <Composer onSend={ask} busy={false} autoFocus placeholder="Ask about cost, latency, models or quality" />
      {problem && <ProblemNote problem={problem} />}
      <ul className="starters" aria-label="Questions to start with">
        {STARTERS.map((starter) => (
          <li key={starter.question}>
            <button type="button" className="starter" onClick={() => void ask(starter.question)}>
              <span className="starter-title">{starter.title}</span>
              <span>{starter.question}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Says what the answers will rest on, so that an empty workspace is no surprise after the question. */
function DataLine() {
  const { session, system } = useApp();
  const state = useStore(session.state);
  const timezone = useStore(system)?.timezone ?? "UTC";
  const workspace = state.kind === "signed-in" ? state.workspaceId : "";
  const importer = mayImport(useRole());
  const overview = useResource(`overview:${workspace}`, usageOverview);
  if (overview.kind !== "ready") return <p className="data-line">&nbsp;</p>;
  if (overview.value.calls === 0) {
    return (
      <p className="data-line">
        This workspace holds no usage yet.{" "}
        {importer ? <><a href={hrefOf({ page: "usage" })}>Import a file</a> to get answers from your own traffic.</> : "Somebody who may import has to send a file first."}
      </p>
    );
  }
  const { calls, since, until } = overview.value;
  return (
    <p className="data-line">
      Answers come from <strong>{formatCount(calls)}</strong> calls, {formatDay(since, timezone)} to {formatDay(until, timezone)}.
    </p>
  );
}
