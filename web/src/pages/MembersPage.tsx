import { useState, type FormEvent } from "react";
import { changeRole, invite, listInvitations, listMembers, removeMember, withdraw } from "../api/members";
import type { Invitation, Member, Role } from "../api/members";
import { CopyButton } from "../parts/CopyButton";
import { Dialog } from "../parts/Dialog";
import { ProblemNote, Skeleton } from "../parts/Feedback";
import { useAction } from "../parts/ThreadDialogs";
import { formatDay } from "../parts/time";
import { useApp, useResource } from "../state/app";
import { hrefOf, navigate } from "../state/route";
import { grantedBy, mayManage, ROLE_WORDS, useRole } from "../state/roles";
import { useStore } from "../state/store";

/** Who is in the workspace. Everybody sees it; owners and admins also invite, change roles and remove. */
export function MembersPage() {
  const { session } = useApp();
  const state = useStore(session.state);
  const role = useRole();
  const workspace = state.kind === "signed-in" ? state.workspaceId : "";
  const members = useResource(`members:${workspace}`, (http, signal) => listMembers(http, workspace, signal));
  const [round, setRound] = useState(0);
  if (state.kind !== "signed-in") return null;
  const name = state.workspaces.find((one) => one.id === workspace)?.name ?? "";
  const changed = () => {
    setRound((count) => count + 1);
    if (members.kind === "ready") members.reload();
  };
  return (
    <div className="column page">
      <h1>Members</h1>
      <p className="faint">Usage, reports and findings of “{name}” are seen by these people. Conversations stay with who asked.</p>
      {members.kind === "loading" && <Skeleton lines={4} label="Loading the members" />}
      {members.kind === "failed" && <ProblemNote problem={members.problem} retry={members.retry} />}
      {members.kind === "ready" && <MemberTable members={members.value} role={role} me={state.user.id} workspace={workspace} onChanged={changed} />}
      {mayManage(role) ? (
        <>
          <InviteForm workspace={workspace} role={role} onInvited={changed} />
          <Invitations workspace={workspace} version={round} onChanged={changed} />
        </>
      ) : (
        <p className="note">Your role here is {role}: {ROLE_WORDS[role]}. An owner or admin of the workspace invites people and changes roles.</p>
      )}
      <p className="small"><a href={hrefOf({ page: "join", code: null })}>You were invited into another workspace? Enter the code.</a></p>
    </div>
  );
}

interface TableProps {
  members: Member[];
  role: Role;
  me: string;
  workspace: string;
  onChanged: () => void;
}

function MemberTable({ members, role, me, workspace, onChanged }: TableProps) {
  return (
    <div className="table-scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Person</th>
            <th scope="col">Role</th>
            <th scope="col"><span className="visually-hidden">Actions</span></th>
          </tr>
        </thead>
        <tbody>
          {members.map((member) => <MemberRow key={member.user.id} member={member} role={role} isMe={member.user.id === me} workspace={workspace} onChanged={onChanged} />)}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  member: Member;
  role: Role;
  isMe: boolean;
  workspace: string;
  onChanged: () => void;
}

function MemberRow({ member, role, isMe, workspace, onChanged }: RowProps) {
  const { http, notice } = useApp();
  const { busy, problem, run } = useAction();
  const [removing, setRemoving] = useState(false);
  const editable = mayManage(role) && !isMe && (role === "owner" || member.role !== "owner");
  const choices = grantedBy(role).includes(member.role) ? grantedBy(role) : [member.role, ...grantedBy(role)];
  const give = (wanted: Role) =>
    run(async () => {
      await changeRole(http, workspace, member.user.id, wanted);
      notice.set("Role changed");
      onChanged();
    });
  return (
    <tr>
      <th scope="row">
        <span className="wrap-anywhere">{member.user.name || member.user.email}</span>{isMe && <span className="faint"> (you)</span>}
        {member.user.name && <p className="faint small wrap-anywhere">{member.user.email}</p>}
        {problem && <ProblemNote problem={problem} />}
      </th>
      <td>
        {editable ? (
          <select aria-label={`Role of ${member.user.email}`} value={member.role} disabled={busy} onChange={(event) => void give(event.target.value as Role)}>
            {choices.map((choice) => <option key={choice} value={choice}>{choice}</option>)}
          </select>
        ) : member.role}
      </td>
      <td className="number">
        {editable && <button type="button" className="button small" onClick={() => setRemoving(true)}>Remove</button>}
        {removing && <RemoveDialog member={member} workspace={workspace} onClose={() => setRemoving(false)} onRemoved={onChanged} />}
      </td>
    </tr>
  );
}

interface RemoveProps {
  member: Member;
  workspace: string;
  onClose: () => void;
  onRemoved: () => void;
}

function RemoveDialog({ member, workspace, onClose, onRemoved }: RemoveProps) {
  const { http, notice } = useApp();
  const { busy, problem, run } = useAction();
  const remove = () =>
    run(async () => {
      await removeMember(http, workspace, member.user.id);
      notice.set("Removed");
      onClose();
      onRemoved();
    });
  return (
    <Dialog title={`Remove ${member.user.email}?`} onClose={onClose}>
      <p>They lose this workspace within seconds, on every device. Their account and their other workspaces stay.</p>
      {problem && <ProblemNote problem={problem} />}
      <div className="dialog-actions">
        <button type="button" className="button" autoFocus onClick={onClose}>Keep them</button>
        <button type="button" className="button danger" disabled={busy} onClick={() => void remove()}>Remove</button>
      </div>
    </Dialog>
  );
}

function InviteForm({ workspace, role, onInvited }: { workspace: string; role: Role; onInvited: () => void }) {
  const { http } = useApp();
  const { busy, problem, run } = useAction();
  const [email, setEmail] = useState("");
  const [wanted, setWanted] = useState<Role>("viewer");
  const [made, setMade] = useState<(Invitation & { token: string }) | null>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      setMade(await invite(http, workspace, email.trim(), wanted));
      setEmail("");
      onInvited();
    });
  };
  return (
    <section className="report-part">
      <h2>Invite somebody</h2>
      <form onSubmit={submit} className="row invite-form">
        <label className="field grow">
          <span>Email</span>
          <input type="email" required maxLength={254} autoComplete="off" value={email} onChange={(event) => setEmail(event.target.value)} />
        </label>
        <label className="field">
          <span>Role</span>
          <select value={wanted} onChange={(event) => setWanted(event.target.value as Role)}>
            {grantedBy(role).map((choice) => <option key={choice} value={choice}>{choice}</option>)}
          </select>
        </label>
        <button type="submit" className="button primary" disabled={busy || email.trim() === ""}>{busy ? "One moment" : "Invite"}</button>
      </form>
      <p className="faint small">A {wanted}: {ROLE_WORDS[wanted]}.</p>
      {problem && <ProblemNote problem={problem} />}
      {made && <Made invitation={made} />}
    </section>
  );
}

/** The link carries the code behind the #, which no server and no log along the way gets to see. */
function Made({ invitation }: { invitation: Invitation & { token: string } }) {
  const link = `${location.origin}${location.pathname}${hrefOf({ page: "join", code: invitation.token })}`;
  return (
    <div className="note" role="status">
      <p><strong>{invitation.email}</strong> may enter as {invitation.role}. Send them this link; it is shown this once and counts only for who is signed in with that address.</p>
      <p><code className="wrap-anywhere">{link}</code></p>
      <div className="row">
        <CopyButton text={link} label="Copy the link" icon="link" />
        <CopyButton text={invitation.token} label="Copy the code" />
      </div>
    </div>
  );
}

function Invitations({ workspace, version, onChanged }: { workspace: string; version: number; onChanged: () => void }) {
  const { http, notice, system } = useApp();
  const timezone = useStore(system)?.timezone ?? "UTC";
  const found = useResource(`invitations:${workspace}:${version}`, (client, signal) => listInvitations(client, workspace, signal));
  const { busy, problem, run } = useAction();
  if (found.kind === "failed") return <ProblemNote problem={found.problem} retry={found.retry} />;
  if (found.kind === "loading" || found.value.length === 0) return null;
  const take = (id: string) =>
    run(async () => {
      await withdraw(http, workspace, id);
      notice.set("Withdrawn");
      onChanged();
    });
  return (
    <section className="report-part">
      <h2>Open invitations</h2>
      {problem && <ProblemNote problem={problem} />}
      <div className="table-scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Invited</th>
              <th scope="col"><span className="visually-hidden">Actions</span></th>
            </tr>
          </thead>
          <tbody>
            {found.value.map((one) => (
              <tr key={one.id}>
                <th scope="row">
                  <span className="wrap-anywhere">{one.email}</span>
                  <p className="faint small">{one.role}, until {formatDay(one.expires_at, timezone)}</p>
                </th>
                <td className="number"><button type="button" className="button small" disabled={busy} aria-label={`Withdraw the invitation of ${one.email}`} onClick={() => void take(one.id)}>Withdraw</button></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** Enters the workspace of an invitation. A code in the address waits here through sign-in or sign-up. */
export function JoinPage({ code }: { code: string | null }) {
  const { session, notice } = useApp();
  const state = useStore(session.state);
  const { busy, problem, run } = useAction();
  const [token, setToken] = useState(code ?? "");
  if (state.kind !== "signed-in") return null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      const joined = await session.join(token.trim());
      notice.set(`You are in ${joined.name}`);
      navigate({ page: "ask" }, { replace: true });
    });
  };
  return (
    <div className="column page">
      <h1>Accept an invitation</h1>
      <p>You are signed in as <strong>{state.user.email}</strong>. The code counts only for the address it was made for.</p>
      <form onSubmit={submit} className="stack">
        <label className="field">
          <span>Code of the invitation</span>
          <input value={token} required maxLength={200} spellCheck={false} autoComplete="off" onChange={(event) => setToken(event.target.value)} />
        </label>
        {problem && <ProblemNote problem={problem} />}
        <div className="row">
          <button type="submit" className="button primary" disabled={busy || token.trim() === ""}>{busy ? "One moment" : "Enter the workspace"}</button>
        </div>
      </form>
    </div>
  );
}
