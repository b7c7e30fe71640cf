import { Fragment, useState } from "react";
import { callCost, hasGroups, listCalls, scopeOf, type CallOrder, type CallScope, type CallsPage, type ListedCall } from "../api/calls";
import { useApp, useResource } from "../state/app";
import { usePages } from "../state/pages";
import { ProblemNote, Skeleton } from "./Feedback";
import { formatCount, formatMilliseconds, formatMoney, UNPRICED } from "./format";

const ORDERS: [CallOrder, string][] = [["-cost_usd", "Dearest first"], ["-latency_ms", "Slowest first"], ["-ts", "Newest first"]];

/** The single calls that a figure's query reads, on demand; nothing for a figure of another kind. */
export function CallsBehind({ query }: { query: unknown }) {
  const [open, setOpen] = useState(false);
  const scope = scopeOf(query);
  if (!scope) return null;
  return (
    <section aria-label="Calls" className="stack">
      <div><button type="button" className="button small" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? "Hide the calls" : "Show the calls"}</button></div>
      {open && hasGroups(query) && <p className="faint small">The query has groups: these are the calls of all of them.</p>}
      {open && <Calls scope={scope} />}
    </section>
  );
}

function Calls({ scope }: { scope: CallScope }) {
  const { http } = useApp();
  const [order, setOrder] = useState<CallOrder>("-cost_usd");
  const [all, setAll] = useState<CallsPage | null>(null);
  const { items, problem, more, next } = usePages(async (from, signal) => {
    const page = await listCalls(http, scope, order, from, signal);
    setAll(page);
    return page;
  }, [http, JSON.stringify(scope), order]);
  return (
    <>
      {problem && <ProblemNote problem={problem} retry={next} />}
      {!items && !problem && <Skeleton lines={5} label="Loading the calls" />}
      {all && items?.length === 0 && <p className="faint">No stored call fits this query any more.</p>}
      {all && items && items.length > 0 && (
        <>
          <div className="row wrap">
            <p className="faint small">
              {formatCount(items.length)} of {formatCount(all.calls)} calls, {formatMoney(all.cost_usd)} in all; times in {all.timezone}
              {all.unpriced_calls > 0 && `; ${formatCount(all.unpriced_calls)} without a known price, in no sum`}
            </p>
            <select aria-label="Order of the calls" className="small" value={order} onChange={(event) => setOrder(event.target.value as CallOrder)}>
              {ORDERS.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
            </select>
          </div>
          <CallTable calls={items} />
          {more && <div><button type="button" className="button small" onClick={next}>More calls</button></div>}
        </>
      )}
    </>
  );
}

function CallTable({ calls }: { calls: ListedCall[] }) {
  const [shown, setShown] = useState<string | null>(null);
  return (
    <div className="table-scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Start</th>
            <th scope="col">Model</th>
            <th scope="col" className="number">Cost</th>
            <th scope="col" className="number">Input</th>
            <th scope="col" className="number">Output</th>
            <th scope="col" className="number">Latency</th>
          </tr>
        </thead>
        <tbody>
          {calls.map((call) => (
            <Fragment key={call.call_id}>
              <tr>
                <th scope="row">{call.ts.slice(0, 19).replace("T", " ")}</th>
                <td>{call.model ?? "not stated"}{call.status !== "ok" && <> <span className="chip unknown">{call.status.replace("_", " ")}</span></>}</td>
                <td className="number">
                  <button type="button" className="button ghost small" aria-expanded={shown === call.call_id} aria-label={`Cost of ${call.call_id}`} onClick={() => setShown(shown === call.call_id ? null : call.call_id)}>
                    {call.cost_usd === null ? UNPRICED : formatMoney(call.cost_usd)}
                  </button>
                </td>
                <td className="number">{formatCount(call.input_tokens)}</td>
                <td className="number">{formatCount(call.output_tokens)}</td>
                <td className="number">{call.latency_ms === null ? "" : formatMilliseconds(call.latency_ms)}</td>
              </tr>
              {shown === call.call_id && <tr><td colSpan={6}><Working id={call.call_id} /></td></tr>}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** How the cost of one call comes about: tokens times price of each kind, and whether that is what is stored. */
function Working({ id }: { id: string }) {
  const cost = useResource(`call:${id}`, (http, signal) => callCost(http, id, signal));
  if (cost.kind === "loading") return <Skeleton lines={3} label="Working out the cost" />;
  if (cost.kind === "failed") return <ProblemNote problem={cost.problem} retry={cost.retry} />;
  const { explanation, stored_usd: stored, difference_usd: difference, working } = cost.value;
  return (
    <div className="call-working">
      <p className="small"><span className="mono">{id}</span>: {stored === null ? UNPRICED : `$${stored}`}. {explanation}</p>
      {working.parts.map((part) => (
        <p key={part.usage} className="mono small">
          {part.usage.replaceAll("_", " ")}: {formatCount(part.tokens)} × ${part.usd_per_mtok} per million = ${part.cost_usd}
        </p>
      ))}
      {difference !== null && difference !== "0" && <p className="mono small">stored less these parts: {difference}</p>}
    </div>
  );
}
