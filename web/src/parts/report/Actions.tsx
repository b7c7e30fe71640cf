import type { Action } from "../../api/document";
import type { Figure } from "../../api/types";
import { FigureButton } from "../FigureButton";
import { InlineProse, Prose } from "../Prose";

interface ActionProps {
  actions: readonly Action[];
  figures: readonly Figure[];
  runId: string | null;
}

/** What to do, in order: steps, effort, risk, how to verify it and how to undo it. */
export function ActionList({ actions, figures, runId }: ActionProps) {
  if (actions.length === 0) return null;
  const prose = (text: string) => <InlineProse text={text} figures={figures} runId={runId} />;
  return (
    <section className="report-part">
      <h2>What to do</h2>
      <ol className="actions">
        {actions.map((action, index) => {
          const saving = figures.find((figure) => figure.id === action.saving_figure);
          return (
            <li key={index} className="action">
              <header>
                <h3>{prose(action.title)}</h3>
                {saving && <span className="action-saving">saves <FigureButton figure={saving} runId={runId} /></span>}
              </header>
              {action.why && <p>{prose(action.why)}</p>}
              {action.steps.length > 0 && <ol className="steps">{action.steps.map((step, at) => <li key={at}><Prose text={step} figures={figures} runId={runId} /></li>)}</ol>}
              <dl className="action-facts">
                <div><dt>Effort</dt><dd>{action.effort}</dd></div>
                <div><dt>Risk</dt><dd>{action.risk}</dd></div>
                {action.verify && <div><dt>Verify</dt><dd>{prose(action.verify)}</dd></div>}
                {action.roll_back && <div><dt>Roll back</dt><dd>{prose(action.roll_back)}</dd></div>}
              </dl>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
