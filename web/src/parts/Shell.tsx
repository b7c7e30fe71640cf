import { useEffect, useRef, useState, type ReactNode } from "react";
import { useApp } from "../state/app";
import type { Route } from "../state/route";
import { useStore } from "../state/store";
import { FigurePanel } from "./FigurePanel";
import { Icon, Mark } from "./Icon";
import { LineBanner } from "./LineBanner";
import { Sidebar } from "./Sidebar";

/** The frame of the page: sidebar, main pane, figure panel. On a narrow screen the sidebar slides over. */
export function Shell({ route, children }: { route: Route; children: ReactNode }) {
  const [open, setOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const address = JSON.stringify(route);
  const first = useRef(true);
  const { openFigure } = useApp();

  useEffect(() => {
    // A new place: the reader, seeing or not, starts at its top.
    openFigure.set(null);
    document.title = `${TITLES[route.page]} · Netra Apex`;
    if (first.current) first.current = false;
    else if (route.page !== "ask") main.current?.focus({ preventScroll: true });
    main.current?.scrollTo(0, 0);
  }, [address, openFigure, route.page]);

  useEffect(() => {
    if (!open) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") setOpen(false);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [open]);

  return (
    <div className={open ? "shell menu-open" : "shell"}>
      <a className="skip-link" href="#main" onClick={(event) => {
        event.preventDefault();
        main.current?.focus();
      }}>
        Skip to the content
      </a>
      <header className="topbar">
        <button type="button" className="button ghost icon-only" aria-label="Menu" aria-expanded={open} onClick={() => setOpen(!open)}>
          <Icon name="menu" />
        </button>
        <Mark size={22} /> <span className="topbar-name">Netra Apex</span>
      </header>
      {open && <button type="button" className="scrim" aria-label="Close the menu" onClick={() => setOpen(false)} />}
      <div className="sidebar">
        <Sidebar route={route} onLeave={() => setOpen(false)} />
      </div>
      <main id="main" ref={main} tabIndex={-1}>
        <LineBanner />
        {children}
      </main>
      <FigurePanel />
      <Notice />
    </div>
  );
}

const TITLES: Record<Route["page"], string> = {
  ask: "New question",
  thread: "Conversation",
  reports: "Reports",
  report: "Report",
  usage: "Usage",
  import: "Import",
  members: "Members",
  join: "Accept an invitation",
  figure: "Figure",
};

function Notice() {
  const { notice } = useApp();
  const text = useStore(notice);
  useEffect(() => {
    if (text === "") return;
    const timer = setTimeout(() => notice.set(""), 2500);
    return () => clearTimeout(timer);
  }, [text, notice]);
  return <div className={text ? "toast shown" : "toast"} role="status" aria-live="polite">{text}</div>;
}
