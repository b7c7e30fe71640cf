import type { Finding, Joint, ReportDocument, Verdict } from "../../api/document";
import { useApp } from "../../state/app";
import { formatCount, formatMoney, formatPercent } from "../format";
import { FigureButton } from "../FigureButton";
import { InlineProse } from "../Prose";
import { boundsInWords, figureOf, gateInWords, jointFigure, jointSteps, paramText } from "./checks";
import { Diagnosis } from "./Diagnosis";
import { effectInWords } from "./effects";
import { Undecided } from "./Undecided";

const VERDICTS: Record<Verdict, { label: string; tone: string }> = {
  recommend: { label: "recommend", tone: "good" },
  refuse: { label: "refuse", tone: "bad" },
  insufficient_data: { label: "insufficient data", tone: "unknown" },
};

export const VerdictChip = ({ verdict }: { verdict: Verdict }) => (
  <span className={`chip ${VERDICTS[verdict].tone}`}>{VERDICTS[verdict].label}</span>
);

const COLUMNS = 6;

/** Every lever that was tried: what it would save or lose, how sure, and what it was judged by; what could not be judged is folded. */
export function FindingsTable({ report }: { report: ReportDocument }) {
  const judged = report.findings.filter((finding) => finding.verdict !== "insufficient_data");
  if (report.findings.length === 0) return null;
  return (
    <section className="report-part">
      <h2>Findings</h2>
      <p className="faint">Every change was replayed over the calls of the period. A refusal is a finding too: it says what would have been lost.</p>
      {judged.length > 0 && (
        <div className="table-scroll">
          <table className="findings">
            <thead>
              <tr>
                <th scope="col">Change</th>
                <th scope="col">Verdict</th>
                <th scope="col" className="number">Saving</th>
                <th scope="col" className="number">95 % interval</th>
                <th scope="col">Effort, risk</th>
                <th scope="col" className="number">Calls read</th>
              </tr>
            </thead>
            {judged.map((finding) => <FindingRow key={finding.id} finding={finding} report={report} />)}
            {report.joint && report.joint.savings_usd !== null && <JointRow joint={report.joint} findings={judged} report={report} />}
          </table>
        </div>
      )}
      <Undecided report={report} />
    </section>
  );
}

function FindingRow({ finding, report }: { finding: Finding; report: ReportDocument }) {
  return (
    <tbody>
      <tr>
        <th scope="row">
          <span className="lever">{finding.lever}</span>
          <span className="params">{paramText(finding.params)}</span>
        </th>
        <td><VerdictChip verdict={finding.verdict} /></td>
        <td className="number"><Saving finding={finding} report={report} /></td>
        <td className="number">
          {finding.interval_95 ? `${formatMoney(finding.interval_95[0])} to ${formatMoney(finding.interval_95[1])}` : <span className="faint">none</span>}
        </td>
        <td>{[shown(finding.effort), shown(finding.risk)].filter(Boolean).join(", ") || <span className="faint">none stated</span>}</td>
        <td className="number">{formatCount(finding.rows)}</td>
      </tr>
      <tr className="notes">
        <td colSpan={COLUMNS}>
          {(finding.why ?? finding.reason) && <p><InlineProse text={finding.why ?? finding.reason ?? ""} figures={report.figures} runId={report.run_id} /></p>}
          <Judgement finding={finding} report={report} />
        </td>
      </tr>
    </tbody>
  );
}

/** Everything by which a finding can be checked, folded away. */
function Judgement({ finding, report }: { finding: Finding; report: ReportDocument }) {
  const { openFigure } = useApp();
  const sentences = [
    finding.baseline_usd !== null && finding.counterfactual_usd !== null
      ? `${formatMoney(finding.baseline_usd)} before, ${formatMoney(finding.counterfactual_usd)} after, over ${formatCount(finding.rows)} calls`
      : "",
    gateInWords(finding.quality_effect) || effectInWords("Quality", finding.quality_effect),
    boundsInWords(finding.bounds),
    effectInWords("Latency", finding.latency_effect),
  ].filter(Boolean);
  const prose = (text: string) => <InlineProse text={text} figures={report.figures} runId={report.run_id} />;
  return (
    <details className="finding-more">
      <summary>How it was judged</summary>
      <ul>
        {sentences.map((text) => <li key={text}>{text}</li>)}
        {finding.assumptions.map((text) => <li key={text}>Assumes: {prose(text)}</li>)}
        {finding.missing.map((item) => <li key={item.what}>Missing: {prose(item.what)}. {prose(item.how)}</li>)}
      </ul>
      {finding.diagnosis && finding.diagnosis.length > 0 && <Diagnosis groups={finding.diagnosis} />}
      <button type="button" className="button small" aria-haspopup="dialog" aria-label={`Query and SQL of ${finding.lever} ${paramText(finding.params)}`.trim()} onClick={() => openFigure.set({ figure: figureOf(finding, report), runId: null })}>
        Query and SQL
      </button>
    </details>
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

/** All recommended changes replayed together, and what each adds to those before it. */
function JointRow({ joint, findings, report }: { joint: Joint; findings: readonly Finding[]; report: ReportDocument }) {
  const figure = jointFigure(report);
  const steps = jointSteps(joint.steps ?? []);
  const nameOf = (id: string): string => {
    const finding = findings.find((candidate) => candidate.id === id);
    return finding ? [finding.lever, paramText(finding.params)].filter(Boolean).join(" ") : id;
  };
  return (
    <tbody className="joint">
      <tr>
        <th scope="row">All recommended together</th>
        <td><span className="chip good">joint replay</span></td>
        <td className="number">
          {figure ? <FigureButton figure={figure} runId={report.run_id} /> : <strong>{formatMoney(joint.savings_usd)}</strong>}
          {joint.savings_pct !== null && <><br /><span className="faint small">{formatPercent(joint.savings_pct)}</span></>}
        </td>
        <td className="number">{joint.interval_95 ? `${formatMoney(joint.interval_95[0])} to ${formatMoney(joint.interval_95[1])}` : <span className="faint">none</span>}</td>
        <td colSpan={2}>Savings do not add up; this is the figure to use.</td>
      </tr>
      {steps.length > 0 && (
        <tr className="notes">
          <td colSpan={COLUMNS}>
            <details className="finding-more">
              <summary>How it adds up</summary>
              <p>Each change replayed on top of those before it:</p>
              <ol className="steps">
                {steps.map((step) => <li key={step.finding}>{nameOf(step.finding)} adds {formatMoney(step.adds)}, {formatMoney(step.soFar)} so far</li>)}
              </ol>
            </details>
          </td>
        </tr>
      )}
    </tbody>
  );
}

const shown = (value: unknown): string => (typeof value === "string" ? value : "");
