import type { CacheGroup } from "../../api/document";
import { formatCount, formatMoney, formatPercent } from "../format";

/** Why prompt prefixes miss the cache: by feature, each cause with what to do and what that is worth. */
export function Diagnosis({ groups }: { groups: readonly CacheGroup[] }) {
  return (
    <div className="table-scroll">
      <table>
        <caption>Why prefixes miss the cache</caption>
        <thead>
          <tr>
            <th scope="col">Feature</th>
            <th scope="col" className="number">Read</th>
            <th scope="col">Not read because</th>
            <th scope="col" className="number">Share</th>
            <th scope="col">What to do</th>
            <th scope="col" className="number">Worth</th>
          </tr>
        </thead>
        {groups.map((group, at) => (
          <tbody key={at}>
            {group.misses.length === 0 && (
              <tr><Feature group={group} rows={1} /><td colSpan={4}>All that can be read is read.</td></tr>
            )}
            {group.misses.map((miss, row) => (
              <tr key={row}>
                {row === 0 && <Feature group={group} rows={group.misses.length} />}
                <td>{miss.why}</td>
                <td className="number">{formatPercent(miss.share_pct)}</td>
                <td>{miss.advice}</td>
                <td className="number">{miss.worth_usd === null ? <span className="faint">none</span> : `${miss.at_most ? "at most " : ""}${formatMoney(miss.worth_usd)}`}</td>
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </div>
  );
}

function Feature({ group, rows }: { group: CacheGroup; rows: number }) {
  return (
    <>
      <th scope="rowgroup" rowSpan={rows}>
        {group.feature || "all calls"}
        <span className="params">{formatCount(group.calls)} calls, {formatCount(group.tokens)} tokens in full blocks</span>
      </th>
      <td className="number" rowSpan={rows}>{formatPercent(group.read_pct)}</td>
    </>
  );
}
