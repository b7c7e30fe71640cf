import type { Missing } from "../api/types";
import { formatCount } from "./format";
import { InlineProse } from "./Prose";

/** What the data lacks, each with how to send it. Folded where the question was answered without it. */
export function MissingList({ missing, folded = false }: { missing: readonly Missing[]; folded?: boolean }) {
  if (missing.length === 0) return null;
  const list = (
    <dl>
      {missing.map((item) => (
        <div key={item.what}>
          <dt><InlineProse text={item.what} figures={[]} runId={null} /></dt>
          <dd><InlineProse text={item.how} figures={[]} runId={null} /></dd>
        </div>
      ))}
    </dl>
  );
  if (folded) {
    return (
      <details className="missing" aria-label="What would sharpen this">
        <summary>What would sharpen this, and how to send it ({formatCount(missing.length)})</summary>
        {list}
      </details>
    );
  }
  return (
    <section className="missing" aria-label="What is missing">
      <h3>What is missing, and how to send it</h3>
      {list}
    </section>
  );
}
