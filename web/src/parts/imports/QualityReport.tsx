import type { DataFinding, DataQuality } from "../../api/types";
import { formatCount, formatPercent } from "../format";

const WORDS: Record<DataFinding["severity"], string> = { rejected: "rejected", warning: "check", note: "note" };
const CHIPS: Record<DataFinding["severity"], string> = { rejected: "bad", warning: "warn", note: "" };

/** What is odd about the rows of an import, most serious first: how many, where first, an example, what to do. */
export function FindingList({ findings }: { findings: DataFinding[] }) {
  return (
    <ul className="data-findings">
      {findings.map((finding) => (
        <li key={`${finding.code} ${finding.column ?? ""}`}>
          <span className={`chip ${CHIPS[finding.severity]}`}>{WORDS[finding.severity]}</span>
          <div>
            <p>
              <strong>{formatCount(finding.rows)}</strong> {finding.rows === 1 ? "row" : "rows"}
              {finding.column && <> · <code>{finding.column}</code></>}: <span className="wrap-anywhere">{finding.message}</span>
            </p>
            {(finding.example !== null || finding.first_line !== null) && (
              <p className="faint small">
                {finding.first_line !== null && <>First in line {formatCount(finding.first_line)}. </>}
                {finding.example !== null && <>Example: <code className="wrap-anywhere">{finding.example}</code></>}
              </p>
            )}
            {finding.hint && <p className="small"><Hint text={finding.hint} /></p>}
          </div>
        </li>
      ))}
    </ul>
  );
}

/** What to do; options of the command line stay in one piece. */
const Hint = ({ text }: { text: string }) =>
  text.split(/(--[a-z][a-z-]*)/).map((part, at) => (at % 2 === 1 ? <code key={at} className="nowrap">{part}</code> : part));

/** How much of the data each lever can use: a row counts where it carries every column the lever needs. */
export function LeverTable({ quality }: { quality: DataQuality }) {
  if (quality.levers.length === 0) return null;
  return (
    <section className="report-part">
      <h2>What the rows can carry</h2>
      <p className="faint small">A lever can judge only rows that have the columns it needs. Those not listed need time, model and tokens only.</p>
      <div className="table-scroll">
        <table>
          <thead>
            <tr><th scope="col">Lever</th><th scope="col">Needs</th><th scope="col" className="number">Rows</th><th scope="col" className="number">Of the good rows</th></tr>
          </thead>
          <tbody>
            {quality.levers.map((lever) => (
              <tr key={lever.lever}>
                <th scope="row">{lever.lever}</th>
                <td>{lever.needs.map((column) => <code key={column} className="spaced">{column}</code>)}</td>
                <td className="number">{formatCount(lever.rows)}</td>
                <td className="number">{formatPercent(lever.percent)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** The share of good rows that give each column a value; columns that no row gives are named in one line. */
export function FilledColumns({ quality }: { quality: DataQuality }) {
  const columns = Object.entries(quality.filled);
  const filled = columns.filter(([, percent]) => percent > 0);
  const empty = columns.filter(([, percent]) => percent === 0).map(([column]) => column);
  if (columns.length === 0) return null;
  return (
    <section className="report-part">
      <h2>Filled columns</h2>
      <dl className="filled">
        {filled.map(([column, percent]) => (
          <div key={column}><dt><code>{column}</code></dt><dd className="number">{formatPercent(percent)}</dd></div>
        ))}
      </dl>
      {empty.length > 0 && <p className="faint small wrap-anywhere">Never given: {empty.join(", ")}</p>}
    </section>
  );
}

/** Models whose calls have no cost, and currencies that reported costs came in. */
export function Unpriced({ quality }: { quality: DataQuality }) {
  const models = Object.entries(quality.unpriced_models).sort(([, a], [, b]) => b - a);
  const currencies = Object.entries(quality.currencies ?? {});
  if (models.length === 0 && currencies.length === 0) return null;
  return (
    <section className="report-part">
      <h2>Without a known price, in other currencies</h2>
      <dl className="filled">
        {[...models, ...currencies].map(([name, rows]) => (
          <div key={name}><dt><code>{name || "no model"}</code></dt><dd className="number">{formatCount(rows)} {rows === 1 ? "row" : "rows"}</dd></div>
        ))}
      </dl>
    </section>
  );
}
