import type { Finding, ReportDocument, Verdict } from "../../api/document";
import type { Figure } from "../../api/types";
import { useApp } from "../../state/app";
import { formatCount, formatMoney, formatPercent } from "../format";
import { InlineProse } from "../Prose";
import { effectInWords } from "./effects";

const VERDICTS: Record<Verdict, { label: string; tone: string }> = {
  recommend: { label: "recommend", tone: "good" },
  refuse: { label: "refuse", tone: "bad" },
  insufficient_data: { label: "insufficient data", tone: "unknown" },
};

export const VerdictChip = ({ verdict }: { verdict: Verdict }) => (
  <span className={`chip ${VERDICTS[verdict].tone}`}>{VERDICTS[verdict].label}</span>
);

/** Every lever that was tried, refusals included: what it would save or lose, how sure, on how much data. */
export function FindingsTable({ report }: { report: ReportDocument }) {
  if (report.findings.length === 0) return null;
  return (
    <section className="report-part">
      <h2>Findings</h2>
      <div className="table-scroll">
        <table className="findings">
          <thead>
            <tr>
              <th scope="col">Lever</th>
              <th scope="col">Verdict</th>
              <th scope="col" className="number">Saving</th>
              <th scope="col" className="number">95 % interval</th>
              <th scope="col">Effort, risk</th>
              <th scope="col" className="number">Calls read</th>
            </tr>
          </thead>
          <tbody>
            {report.findings.map((finding) => <FindingRow key={finding.id} finding={finding} report={report} />)}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function FindingRow({ finding, report }: { finding: Finding; report: ReportDocument }) {
  const notes = [finding.reason, ...finding.assumptions].filter((text): text is string => Boolean(text));
  const effects = [effectInWords("quality", finding.quality_effect), effectInWords("latency", finding.latency_effect)].filter(Boolean);
  return (
    <tr>
      <th scope="row">
        <span className="lever">{finding.lever}</span>
        <span className="params">{paramText(finding.params)}</span>
        {(notes.length > 0 || effects.length > 0 || finding.missing.length > 0) && (
          <details className="finding-more">
            <summary>why</summary>
            <ul>
              {notes.map((text) => <li key={text}><InlineProse text={text} figures={report.figures} runId={report.run_id} /></li>)}
              {effects.map((text) => <li key={text}>{text}</li>)}
              {finding.missing.map((item) => <li key={item.what}><strong>{item.what}</strong>: {item.how}</li>)}
            </ul>
          </details>
        )}
      </th>
      <td><VerdictChip verdict={finding.verdict} /></td>
      <td className="number"><Saving finding={finding} report={report} /></td>
      <td className="number">
        {finding.interval_95 ? `${formatMoney(finding.interval_95[0])} to ${formatMoney(finding.interval_95[1])}` : <span className="faint">none</span>}
      </td>
      <td>{[shown(finding.effort), shown(finding.risk)].filter(Boolean).join(", ") || <span className="faint">none stated</span>}</td>
      <td className="number">{formatCount(finding.rows)}</td>
    </tr>
  );
}

function Saving({ finding, report }: { finding: Finding; report: ReportDocument }) {
  const { openFigure } = useApp();
  if (finding.savings_usd === null) return <span className="faint">unknown</span>;
  const figure = report.figures.find((candidate) => candidate.id === finding.figure) ?? figureOf(finding, report);
  const loses = finding.savings_usd.startsWith("-");
  return (
    <>
      <button
        type="button"
        className={loses ? "figure-value bad-ink" : "figure-value"}
        aria-haspopup="dialog"
        onClick={() => openFigure.set({ figure, runId: finding.figure ? report.run_id : null })}
      >
        {formatMoney(finding.savings_usd)}
      </button>
      {finding.savings_pct !== null && <><br /><span className="faint small">{formatPercent(finding.savings_pct)}</span></>}
    </>
  );
}

/** A finding carries its own query, so its saving opens even where no figure of the run cites it. */
const figureOf = (finding: Finding, report: ReportDocument): Figure => ({
  id: finding.id,
  value: finding.savings_usd,
  unit: "usd",
  label: `Saving of ${finding.lever}`,
  query: finding.query,
  sql: finding.sql,
  rows: finding.rows,
  since: report.baseline.since,
  until: report.baseline.until,
});

const shown = (value: unknown): string => (typeof value === "string" ? value : "");

const paramText = (params: Record<string, unknown>): string =>
  Object.entries(params)
    .filter(([, value]) => value !== null && value !== "" && typeof value !== "object")
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(" · ");
