import { useState, type FormEvent } from "react";
import { useApp } from "../state/app";
import { navigate } from "../state/route";
import { useStore } from "../state/store";
import { applyTheme, type Theme } from "../state/theme";
import { Dialog } from "./Dialog";
import { ProblemNote } from "./Feedback";
import { Icon, type IconName } from "./Icon";
import { Menu } from "./Menu";
import { useAction } from "./ThreadDialogs";

export function WorkspaceMenu() {
  const { session } = useApp();
  const state = useStore(session.state);
  const [creating, setCreating] = useState(false);
  if (state.kind !== "signed-in") return null;
  const current = state.workspaces.find((workspace) => workspace.id === state.workspaceId);
  return (
    <>
      <Menu
        label={`Workspace: ${current?.name ?? ""}`}
        className="workspace-menu"
        trigger={
          <>
            <span className="workspace-badge" aria-hidden="true">{(current?.name ?? "?").charAt(0).toUpperCase()}</span>
            <span className="workspace-name">{current?.name}</span>
            <Icon name="down" size={13} />
          </>
        }
        items={[
          ...state.workspaces.map((workspace) => ({
            label: <><span className="grow">{workspace.name}</span><span className="faint small">{workspace.role}</span></>,
            checked: workspace.id === state.workspaceId,
            onSelect: () => {
              if (workspace.id === state.workspaceId) return;
              session.choose(workspace.id);
              navigate({ page: "ask" });
            },
          })),
          { label: <><Icon name="plus" size={14} /> New workspace</>, onSelect: () => setCreating(true) },
          { label: <><Icon name="link" size={14} /> Accept an invitation</>, onSelect: () => navigate({ page: "join", code: null }) },
        ]}
      />
      {creating && <CreateWorkspace onClose={() => setCreating(false)} />}
    </>
  );
}

function CreateWorkspace({ onClose }: { onClose: () => void }) {
  const { session } = useApp();
  const [name, setName] = useState("");
  const { busy, problem, run } = useAction();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      await session.createWorkspace(name.trim());
      onClose();
      navigate({ page: "ask" });
    });
  };
  return (
    <Dialog title="New workspace" onClose={onClose}>
      <form onSubmit={submit} className="stack">
        <label className="field">
          <span>Name</span>
          <input value={name} maxLength={80} autoFocus required onChange={(event) => setName(event.target.value)} />
        </label>
        <p className="faint small">Usage, findings and reports of a workspace are seen by its members only.</p>
        {problem && <ProblemNote problem={problem} />}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>Cancel</button>
          <button type="submit" className="button primary" disabled={busy || name.trim() === ""}>Create</button>
        </div>
      </form>
    </Dialog>
  );
}

export function AccountMenu() {
  const { session, connection, system } = useApp();
  const state = useStore(session.state);
  const info = useStore(system);
  if (state.kind !== "signed-in") return null;
  const name = state.user.name || state.user.email;
  const signOut = async () => {
    connection.stop();
    await session.signOut().catch(() => undefined);
  };
  return (
    <Menu
      label={`Account: ${state.user.email}`}
      className="account-menu"
      side="above"
      trigger={
        <>
          <span className="avatar" aria-hidden="true">{name.charAt(0).toUpperCase()}</span>
          <span className="account-name">{name}</span>
        </>
      }
      header={
        <div className="menu-header">
          <p>{state.user.email}</p>
          {info && (
            <p className="faint small">
              Netra {info.version} · {info.analyst.kind === "built-in" ? "built-in analyst" : info.analyst.model} · {info.timezone}
            </p>
          )}
        </div>
      }
      items={[{ label: "Sign out", onSelect: () => void signOut() }]}
    />
  );
}

const THEMES: { theme: Theme; label: string; icon: IconName }[] = [
  { theme: "system", label: "As the system", icon: "screen" },
  { theme: "light", label: "Light", icon: "sun" },
  { theme: "dark", label: "Dark", icon: "moon" },
];

export function ThemeMenu() {
  const { theme } = useApp();
  const chosen = useStore(theme);
  const icon = THEMES.find((option) => option.theme === chosen)!.icon;
  return (
    <Menu
      label="Light or dark"
      className="theme-menu"
      side="above"
      trigger={<Icon name={icon} />}
      items={THEMES.map((option) => ({
        label: <><Icon name={option.icon} size={14} /> {option.label}</>,
        checked: option.theme === chosen,
        onSelect: () => {
          applyTheme(option.theme);
          theme.set(option.theme);
        },
      }))}
    />
  );
}
