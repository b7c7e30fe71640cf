import type { Missing } from "../api/types";
import { InlineProse } from "./Prose";

/** What the data lacks, each with how to send it. */
export function MissingList({ missing }: { missing: readonly Missing[] }) {
  if (missing.length === 0) return null;
  return (
    <section className="missing" aria-label="What is missing">
      <h3>What is missing, and how to send it</h3>
      <dl>
        {missing.map((item) => (
          <div key={item.what}>
            <dt><InlineProse text={item.what} figures={[]} runId={null} /></dt>
            <dd><InlineProse text={item.how} figures={[]} runId={null} /></dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
