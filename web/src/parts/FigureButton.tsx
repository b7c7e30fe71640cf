import { useState } from "react";
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
  const [all, setAll] = useState(false);
  if (figures.length === 0) return null;
  const hidden = all ? 0 : Math.max(0, figures.length - SHOWN_AT_FIRST);
  return (
    <div className="figures">
      <ul className="figure-strip" aria-label="Figures of this answer">
        {figures.slice(0, figures.length - hidden).map((figure) => (
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
      {hidden > 0 && (
        <button type="button" className="text-button small" onClick={() => setAll(true)}>
          All {figures.length} figures
        </button>
      )}
    </div>
  );
}

const SHOWN_AT_FIRST = 8;
