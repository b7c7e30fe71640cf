import { runFigures } from "../api/conversations";
import { Empty, ProblemNote, Skeleton } from "../parts/Feedback";
import { FigureDetail } from "../parts/FigureDetail";
import { useResource } from "../state/app";
import { hrefOf } from "../state/route";

/** A figure at its own address: what a copied link opens. */
export function FigurePage({ runId, figureId }: { runId: string; figureId: string }) {
  const figures = useResource(`figures:${runId}`, (http, signal) => runFigures(http, runId, signal));
  if (figures.kind === "loading") return <div className="column"><Skeleton lines={6} label="Loading the figure" /></div>;
  if (figures.kind === "failed" && figures.problem.status !== 404) {
    return <div className="column"><ProblemNote problem={figures.problem} retry={figures.retry} /></div>;
  }
  const figure = figures.kind === "ready" ? figures.value.find((candidate) => candidate.id === figureId) : undefined;
  if (!figure) {
    return (
      <Empty icon="table" title="This figure is not here">
        <p>Its conversation was deleted, or it belongs to another user or workspace.</p>
        <a className="button" href={hrefOf({ page: "ask" })}>Ask something new</a>
      </Empty>
    );
  }
  return (
    <div className="column page">
      <h1>Behind the figure</h1>
      <div className="card"><FigureDetail figure={figure} runId={runId} /></div>
    </div>
  );
}
