import type { Figure } from "../api/types";
import { useApp } from "../state/app";
import { formatFigure } from "./format";

/** A computed value in running text: it opens what is behind it. */
export function FigureButton({ figure, runId }: { figure: Figure; runId: string | null }) {
  const { openFigure } = useApp();
  const shown = formatFigure(figure);
  return (
    <button
      type="button"
      className="figure-value"
      title={`${figure.label}: what is behind it`}
      aria-label={`${shown}, ${figure.label}. Open what is behind it`}
      aria-haspopup="dialog"
      onClick={() => openFigure.set({ figure, runId })}
    >
      {shown}
    </button>
  );
}

/** All figures of an answer at a glance, cited in its text or not. */
export function FigureStrip({ figures, runId }: { figures: readonly Figure[]; runId: string | null }) {
  const { openFigure } = useApp();
  if (figures.length === 0) return null;
  return (
    <ul className="figure-strip" aria-label="Figures of this answer">
      {figures.map((figure) => (
        <li key={figure.id}>
          <button
            type="button"
            className="figure-tile"
            aria-haspopup="dialog"
            onClick={() => openFigure.set({ figure, runId })}
          >
            <span className="figure-tile-value">{formatFigure(figure)}</span>
            <span className="figure-tile-label">{figure.label}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
