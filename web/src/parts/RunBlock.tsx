import { useState } from "react";
import { cancelRun } from "../api/conversations";
import { problemOf, type Problem } from "../api/problem";
import { useApp } from "../state/app";
import { hrefOf } from "../state/route";
import { answerText, isLive, isStreaming, type RunView } from "../state/thread";
import { summaryOf } from "../state/timeline";
import { CopyButton } from "./CopyButton";
import { ProblemNote, Meter, Spinner } from "./Feedback";
import { FigureStrip } from "./FigureButton";
import { formatFigure, formatDuration, formatMoney } from "./format";
import { Icon } from "./Icon";
import { MissingList } from "./Missing";
import { Prose } from "./Prose";
import { Elapsed, Timeline } from "./Timeline";

/** One answer: the line that folds the timeline, the text, its figures and what to do next. */
export function RunBlock({ run, latest }: { run: RunView; latest: boolean }) {
  const live = isLive(run);
  const [chosen, setChosen] = useState<boolean | null>(null);
  const open = chosen ?? (live && latest);
  const text = answerText(run);
  return (
    <div className="run">
      <RunLine run={run} open={open} onToggle={() => setChosen(!open)} />
      {open && <Timeline run={run} />}
      {text !== "" && (
        <div className={isStreaming(run) ? "answer streaming" : "answer"}>
          <Prose text={text} figures={figuresOf(run)} runId={run.runId} />
        </div>
      )}
      {!live && <Ending run={run} text={text} />}
    </div>
  );
}

function RunLine({ run, open, onToggle }: { run: RunView; open: boolean; onToggle: () => void }) {
  const live = isLive(run);
  const summary = summaryOf(run);
  const steps = `${summary.agents} ${summary.agents === 1 ? "agent" : "agents"}, ${summary.calls} ${summary.calls === 1 ? "step" : "steps"}`;
  return (
    <div className={`run-line ${run.status}`}>
      <button type="button" className="run-toggle" aria-expanded={open} onClick={onToggle}>
        <span className={open ? "turn-icon open" : "turn-icon"}><Icon name="chevron" size={13} /></span>
        {live ? <Spinner /> : <RunMark run={run} />}
        <span className="run-now">{live ? summary.now : `${OUTCOMES[run.status]} · ${steps}`}</span>
        <span className="run-time">
          {live ? <Elapsed since={run.startedAt} /> : run.ms !== null && formatDuration(run.ms)}
        </span>
      </button>
      {live && <StopButton run={run} />}
      {live && <Meter value={summary.fraction} label="Progress of the answer" />}
    </div>
  );
}

const OUTCOMES: Record<RunView["status"], string> = {
  queued: "Waiting",
  running: "Working",
  completed: "Done",
  failed: "Failed",
  timed_out: "Timed out",
  cancelled: "Stopped",
};

function RunMark({ run }: { run: RunView }) {
  const icon = run.status === "completed" ? "check" : run.status === "cancelled" ? "stop" : "alert";
  return <span className={`state-mark ${run.status}`}><Icon name={icon} size={13} /></span>;
}

function StopButton({ run }: { run: RunView }) {
  const { http, notice } = useApp();
  const [asked, setAsked] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const stopping = asked || run.stopping;
  const stop = async () => {
    setAsked(true);
    setProblem(null);
    try {
      await cancelRun(http, run.runId);
      notice.set("Stopping the answer");
    } catch (error) {
      setAsked(false);
      setProblem(problemOf(error));
    }
  };
  return (
    <>
      <button type="button" className="button small" disabled={stopping} onClick={() => void stop()}>
        <Icon name="stop" size={12} /> {stopping ? "Stopping" : "Stop"}
      </button>
      {problem && <span className="small bad-ink" role="alert">{problem.detail || problem.title}</span>}
    </>
  );
}

function Ending({ run, text }: { run: RunView; text: string }) {
  return (
    <>
      {run.status === "failed" && text === "" && (
        <ProblemNote problem={{ title: "This run failed", status: 0, code: "run_failed", detail: "The agents could not finish. Nothing was changed; ask again to start a new run." }} />
      )}
      {run.status === "cancelled" && <p className="faint">You stopped this answer.</p>}
      {run.status === "timed_out" && <p className="bad-ink">This run took longer than it may and was stopped.</p>}
      {run.answer === "insufficient_data" && <p className="chip-line"><span className="chip unknown">insufficient data</span></p>}
      {run.answer === "partial" && <p className="chip-line"><span className="chip warn">partial answer</span></p>}
      <MissingList missing={run.missing} folded={run.answer === "answered"} />
      <FigureStrip figures={run.figures} runId={run.runId} />
      <footer className="run-foot">
        {run.reportId && (
          <a className="button primary small" href={hrefOf({ page: "report", reportId: run.reportId })}>
            <Icon name="report" size={14} /> Open the report
          </a>
        )}
        {text !== "" && <CopyButton text={plainText(run, text)} label="Copy answer" />}
        {run.cost !== null && Number(run.cost) > 0 && <span className="faint small">{formatMoney(run.cost)} of model calls</span>}
      </footer>
    </>
  );
}

/** While an answer streams its figures are already known from the tools that computed them. */
const figuresOf = (run: RunView) =>
  run.figures.length > 0 ? run.figures : run.agents.flatMap((agent) => agent.entries).flatMap((entry) => (entry.kind === "tool" ? entry.figures : []));

const plainText = (run: RunView, text: string): string =>
  text.replace(/\{\{\s*f:([A-Za-z0-9_]{1,40})\s*\}\}/g, (whole, id: string) => {
    const figure = figuresOf(run).find((candidate) => candidate.id === id);
    return figure ? formatFigure(figure) : whole;
  });
