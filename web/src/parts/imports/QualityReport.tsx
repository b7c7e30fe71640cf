import type { DataFinding, DataQuality } from "../../api/types";
import { formatCount } from "../format";

const WORDS: Record<DataFinding["severity"], string> = { rejected: "Rejected", warning: "Check", note: "Note" };
const CHIPS: Record<DataFinding["severity"], string> = { rejected: "bad", warning: "warn", note: "" };

/** What is odd about the rows of an import, most serious first. */
export function FindingList({ findings }: { findings: DataFinding[] }) {
  return (
    <ul className="findings">
      {findings.map((finding) => (
        <li key={`${finding.code} ${finding.column ?? ""}`}>
          <span className={`chip ${CHIPS[finding.severity]}`}>{WORDS[finding.severity]}</span>{" "}
          <strong>{formatCount(finding.rows)}</strong> {finding.rows === 1 ? "row" : "rows"}
          {finding.column && <> · <code>{finding.column}</code></>}: {finding.message}
          {finding.example !== null && <>, such as <code className="wrap-anywhere">{finding.example}</code></>}
          {finding.first_line !== null && <span className="faint small"> first in line {finding.first_line}</span>}
          {finding.hint && <p className="faint">{finding.hint}</p>}
        </li>
      ))}
    </ul>
  );
}

/** The data-quality report of an import: findings, and how much of the data each lever can use. */
export function QualityReport({ quality }: { quality: DataQuality }) {
  const filled = Object.entries(quality.filled).filter(([, percent]) => percent > 0);
  return (
    <details className="rejects">
      <summary>
        Data quality: {quality.findings.length === 0 ? "nothing odd" : `${quality.findings.length} ${quality.findings.length === 1 ? "finding" : "findings"}`}
      </summary>
      {quality.findings.length > 0 && <FindingList findings={quality.findings} />}
      {quality.levers.length > 0 && (
        <div className="table-scroll">
          <table>
            <caption className="small faint">Rows that carry what a lever needs</caption>
            <thead>
              <tr><th scope="col">Lever</th><th scope="col">Columns</th><th scope="col" className="number">Rows</th><th scope="col" className="number">Percent</th></tr>
            </thead>
            <tbody>
              {quality.levers.map((lever) => (
                <tr key={lever.lever}>
                  <th scope="row">{lever.lever}</th>
                  <td>{lever.needs.join(", ")}</td>
                  <td className="number">{formatCount(lever.rows)}</td>
                  <td className="number">{lever.percent.toFixed(2)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p className="small faint">Filled columns: {filled.map(([column, percent]) => `${column} ${percent.toFixed(0)} %`).join(", ")}</p>
    </details>
  );
}
