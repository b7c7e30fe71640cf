import { useState } from "react";
import type { Thread } from "../api/types";
import { useApp } from "../state/app";
import { hrefOf, navigate, type Route } from "../state/route";
import { useStore } from "../state/store";
import { AccountMenu, ThemeMenu, WorkspaceMenu } from "./AccountMenus";
import { ProblemNote, Skeleton } from "./Feedback";
import { Icon, Mark, type IconName } from "./Icon";
import { Menu } from "./Menu";
import { DeleteThread, RenameThread } from "./ThreadDialogs";
import { formatAge } from "./time";

/** Where to go: a new question, reports, usage, and the conversations of this workspace. */
export function Sidebar({ route, onLeave }: { route: Route; onLeave: () => void }) {
  return (
    <div className="sidebar-inner">
      <div className="brand"><Mark /> <span>Netra <em>Apex</em></span></div>
      <WorkspaceMenu />
      <nav aria-label="Sections" className="sections" onClick={onLeave}>
        <Section icon="plus" label="New question" to={{ page: "ask" }} current={route.page === "ask"} />
        <Section icon="report" label="Reports" to={{ page: "reports" }} current={route.page === "reports" || route.page === "report"} />
        <Section icon="usage" label="Usage" to={{ page: "usage" }} current={route.page === "usage" || route.page === "import"} />
        <Section icon="people" label="Members" to={{ page: "members" }} current={route.page === "members" || route.page === "join"} />
      </nav>
      <Threads current={route.page === "thread" ? route.threadId : null} onLeave={onLeave} />
      <div className="sidebar-foot">
        <AccountMenu />
        <ThemeMenu />
      </div>
    </div>
  );
}

function Section({ icon, label, to, current }: { icon: IconName; label: string; to: Route; current: boolean }) {
  return (
    <a className="section-link" href={hrefOf(to)} aria-current={current ? "page" : undefined}>
      <Icon name={icon} /> {label}
    </a>
  );
}

function Threads({ current, onLeave }: { current: string | null; onLeave: () => void }) {
  const { threads } = useApp();
  const { items, nextCursor, loading, problem } = useStore(threads.state);
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const shown = wanted ? items.filter((thread) => titleOfThread(thread).toLowerCase().includes(wanted)) : items;
  return (
    <section className="threads" aria-label="Conversations">
      <div className="search">
        <Icon name="search" size={14} />
        <input
          type="search"
          aria-label="Search conversations by title"
          placeholder="Search conversations"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") setSearch("");
          }}
        />
      </div>
      {problem && items.length === 0 && <ProblemNote problem={problem} retry={() => void threads.reload()} />}
      {loading && items.length === 0 && <Skeleton lines={5} label="Loading conversations" />}
      {!loading && !problem && items.length === 0 && <p className="faint small pad">Your conversations will stand here.</p>}
      {wanted && items.length > 0 && shown.length === 0 && <p className="faint small pad">No title matches “{search.trim()}”{nextCursor ? " among those loaded" : ""}.</p>}
      <ul className="thread-list">
        {shown.map((thread) => <ThreadRow key={thread.id} thread={thread} current={thread.id === current} onLeave={onLeave} />)}
      </ul>
      {nextCursor && (
        <button type="button" className="button ghost small wide" disabled={loading} onClick={() => void threads.more()}>
          {loading ? "Loading" : "Older conversations"}
        </button>
      )}
    </section>
  );
}

const titleOfThread = (thread: Thread): string => thread.title || "Untitled";

function ThreadRow({ thread, current, onLeave }: { thread: Thread; current: boolean; onLeave: () => void }) {
  const { system } = useApp();
  const timezone = useStore(system)?.timezone ?? "UTC";
  const [dialog, setDialog] = useState<"rename" | "delete" | null>(null);
  const title = titleOfThread(thread);
  return (
    <li className={current ? "thread current" : "thread"}>
      <a href={hrefOf({ page: "thread", threadId: thread.id })} aria-current={current ? "page" : undefined} onClick={onLeave} title={title}>
        <span className="thread-title">{title}</span>
        <span className="thread-age">
          {thread.status === "running" ? <span className="live-dot">working</span> : formatAge(thread.updated_at ?? thread.created_at, timezone, Date.now())}
        </span>
      </a>
      <Menu
        label={`Actions for ${title}`}
        className="thread-menu"
        trigger={<Icon name="more" />}
        items={[
          { label: <><Icon name="pencil" size={14} /> Rename</>, onSelect: () => setDialog("rename") },
          { label: <><Icon name="trash" size={14} /> Delete</>, danger: true, onSelect: () => setDialog("delete") },
        ]}
      />
      {dialog === "rename" && <RenameThread thread={thread} onClose={() => setDialog(null)} />}
      {dialog === "delete" && (
        <DeleteThread
          thread={thread}
          onClose={() => setDialog(null)}
          onDeleted={() => {
            if (current) navigate({ page: "ask" }, { replace: true });
          }}
        />
      )}
    </li>
  );
}
