import type { ReportDocument } from "../../api/document";
import { formatCount } from "../format";
import { useApp } from "../../state/app";
import { InlineProse } from "../Prose";
import { figureOf, lackingAlike, paramText } from "./checks";

/** Changes without a verdict, folded: those that lack the same stand together. */
export function Undecided({ report }: { report: ReportDocument }) {
  const { openFigure } = useApp();
  const together = lackingAlike(report.findings);
  if (together.length === 0) return null;
  const count = together.reduce((sum, one) => sum + one.findings.length, 0);
  const prose = (text: string) => <InlineProse text={text} figures={report.figures} runId={report.run_id} />;
  return (
    <details className="undecided">
      <summary>
        <span className="chip unknown">insufficient data</span> {count} {count === 1 ? "change" : "changes"} without a verdict: what is missing, and how to send it
      </summary>
      <div className="table-scroll">
        <table>
          <thead>
            <tr><th scope="col">Change</th><th scope="col">Missing</th><th scope="col">How to send it</th></tr>
          </thead>
          <tbody>
            {together.map((one) => (
              <tr key={one.findings[0]!.id}>
                <th scope="row">
                  {one.findings.map((finding) => (
                    <span key={finding.id} className="lever">
                      {finding.lever}
                      <span className="params">{paramText(finding.params)}</span>
                      <button type="button" className="text-button params" aria-haspopup="dialog" aria-label={`Query of ${finding.lever}, ${formatCount(finding.rows)} calls read`} onClick={() => openFigure.set({ figure: figureOf(finding, report), runId: null })}>
                        {formatCount(finding.rows)} calls read
                      </button>
                    </span>
                  ))}
                </th>
                <td>{one.items.map((item) => <p key={item.what}>{prose(item.what)}</p>)}</td>
                <td>{one.items.map((item) => <p key={item.what}>{prose(item.how)}</p>)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
