import { useEffect, useRef } from "react";
import { useApp } from "../state/app";
import { useStore } from "../state/store";
import { FigureDetail } from "./FigureDetail";
import { Icon } from "./Icon";

/** The panel beside the text that a figure opens. Escape closes it; focus goes back to the figure. */
export function FigurePanel() {
  const { openFigure } = useApp();
  const open = useStore(openFigure);
  const panel = useRef<HTMLElement>(null);
  const before = useRef<Element | null>(null);

  useEffect(() => {
    if (!open) return;
    if (!panel.current?.contains(document.activeElement)) before.current = document.activeElement;
    panel.current?.focus();
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !document.querySelector("dialog[open]")) openFigure.set(null);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [open, openFigure]);

  useEffect(() => {
    if (open || !(before.current instanceof HTMLElement)) return;
    if (before.current.isConnected) before.current.focus();
    before.current = null;
  }, [open]);

  if (!open) return null;
  return (
    <aside className="figure-panel" ref={panel} tabIndex={-1} role="dialog" aria-label={`Behind the figure: ${open.figure.label}`}>
      <header>
        <h2>Behind the figure</h2>
        <button type="button" className="button ghost icon-only" aria-label="Close" onClick={() => openFigure.set(null)}>
          <Icon name="close" />
        </button>
      </header>
      <FigureDetail figure={open.figure} runId={open.runId} />
    </aside>
  );
}
