import { lazy, Suspense } from "react";
import { reportDocument, reportHtml, reportJson } from "../api/reports";
import type { ReportDocument } from "../api/document";
import { saveBlob } from "../parts/download";
import { Empty, ProblemNote, Skeleton } from "../parts/Feedback";
import { FigureStrip } from "../parts/FigureButton";
import { formatCount, formatMoney, formatPercent } from "../parts/format";
import { Icon } from "../parts/Icon";
import { MissingList } from "../parts/Missing";
import { Prose } from "../parts/Prose";
import { ActionList } from "../parts/report/Actions";
import { FindingsTable } from "../parts/report/Findings";
import { Sections } from "../parts/report/Sections";
import { useAction } from "../parts/ThreadDialogs";
import { Tile } from "../parts/Tile";
import { formatInstant, formatPeriod } from "../parts/time";
import { useApp, useResource } from "../state/app";
import { hrefOf } from "../state/route";

const Charts = lazy(() => import("../parts/charts/Charts"));

export function ReportPage({ reportId }: { reportId: string }) {
  const report = useResource(`report:${reportId}`, (http, signal) => reportDocument(http, reportId, signal));
  if (report.kind === "loading") return <div className="column wide-column"><Skeleton lines={9} label="Loading the report" /></div>;
  if (report.kind === "failed") {
    return report.problem.status === 404 ? (
      <Empty icon="report" title="This report is not here">
        <p>It was deleted, or it belongs to another workspace.</p>
        <a className="button" href={hrefOf({ page: "reports" })}>All reports</a>
      </Empty>
    ) : (
      <div className="column"><ProblemNote problem={report.problem} retry={report.retry} /></div>
    );
  }
  return <Report reportId={reportId} report={report.value} />;
}

function Report({ reportId, report }: { reportId: string; report: ReportDocument }) {
  const { figures, run_id: runId } = report;
  return (
    <article className="column wide-column page report">
      <header className="report-head">
        <div>
          <p className="faint small">{formatInstant(report.created, report.timezone)} {report.timezone}{report.workspace && ` · ${report.workspace}`}</p>
          <h1>{report.title}</h1>
          <p className="report-question">{report.question}</p>
        </div>
        <ReportButtons reportId={reportId} threadId={report.thread_id} />
      </header>
      {report.answer !== "answered" && (
        <p className="chip-line"><span className={report.answer === "partial" ? "chip warn" : "chip unknown"}>{report.answer.replace("_", " ")}</span></p>
      )}
      <Headline report={report} />
      <section className="report-summary" aria-label="Summary">
        <Prose text={report.summary} figures={figures} runId={runId} />
      </section>
      {report.answer !== "answered" && <MissingList missing={report.missing} />}
      {report.charts.length > 0 && (
        <Suspense fallback={<Skeleton lines={8} label="Drawing the charts" />}>
          <Charts charts={report.charts} figures={figures} runId={runId} />
        </Suspense>
      )}
      <FindingsTable report={report} />
      <ActionList actions={report.actions} figures={figures} runId={runId} />
      <Sections sections={report.sections} figures={figures} runId={runId} />
      {report.assumptions.length > 0 && (
        <section className="report-part">
          <h2>Assumptions</h2>
          <Prose text={report.assumptions.map((text) => `- ${text}`).join("\n")} figures={figures} runId={runId} />
        </section>
      )}
      {report.answer === "answered" && <MissingList missing={report.missing} folded />}
      <section className="report-part">
        <h2>Figures</h2>
        <FigureStrip figures={figures} runId={runId} />
      </section>
      <footer className="report-foot faint small">
        Data version {report.data_version} · {formatPeriod(report.baseline.since, report.baseline.until, report.timezone)} ·{" "}
        {report.analyst.kind === "built-in" ? "planned and worded by the built-in analyst" : `planned and worded by ${report.analyst.model}`}
      </footer>
    </article>
  );
}

/** The few numbers a reader looks for first: what was spent, what all changes together would leave of it. */
function Headline({ report }: { report: ReportDocument }) {
  const { baseline, joint } = report;
  const unpriced = baseline.calls > 0 ? (100 * baseline.unpriced_calls) / baseline.calls : 0;
  const saves = joint?.savings_usd && joint.levers.length > 0;
  return (
    <dl className="tiles">
      <Tile label="Spend in the period" value={formatMoney(baseline.cost_usd)} note={`${formatCount(baseline.calls)} calls`} />
      {saves && (
        <Tile
          strong
          label={joint.levers.length > 1 ? "Saved by all changes together" : "Saved by the change"}
          value={formatMoney(joint.savings_usd)}
          note={[
            joint.savings_pct === null ? "" : formatPercent(joint.savings_pct),
            joint.interval_95 ? `95 %: ${formatMoney(joint.interval_95[0])} to ${formatMoney(joint.interval_95[1])}` : "",
          ].filter(Boolean).join(" · ")}
        />
      )}
      {saves && <Tile label="Spend afterwards" value={formatMoney(joint.counterfactual_usd)} note="the same traffic, replayed" />}
      <Tile label="Unpriced" value={formatPercent(unpriced)} note={`${formatCount(baseline.unpriced_calls)} calls without a known price`} />
    </dl>
  );
}

function ReportButtons({ reportId, threadId }: { reportId: string; threadId: string | null }) {
  const { http } = useApp();
  const { busy, problem, run } = useAction();
  const save = (kind: "html" | "json") =>
    run(async () => {
      const blob = await (kind === "html" ? reportHtml(http, reportId) : reportJson(http, reportId));
      saveBlob(blob, `report.${kind}`);
    });
  return (
    <div className="report-buttons">
      {threadId && <a className="button small" href={hrefOf({ page: "thread", threadId })}><Icon name="ask" size={14} /> Conversation</a>}
      <button type="button" className="button small" disabled={busy} onClick={() => void save("html")}><Icon name="download" size={14} /> HTML</button>
      <button type="button" className="button small" disabled={busy} onClick={() => void save("json")}><Icon name="download" size={14} /> JSON</button>
      {problem && <ProblemNote problem={problem} />}
    </div>
  );
}
