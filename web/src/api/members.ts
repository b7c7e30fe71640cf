import type { HttpClient } from "./http";
import type { Page, User, Workspace } from "./types";

export type Role = Workspace["role"];

export interface Member {
  user: User;
  role: Role;
}

export interface Invitation {
  id: string;
  email: string;
  role: Role;
  expires_at: string;
}

const of = (workspaceId: string): string => `/v1/workspaces/${encodeURIComponent(workspaceId)}`;

export const listMembers = async (http: HttpClient, workspaceId: string, signal?: AbortSignal): Promise<Member[]> =>
  (await http.json<Page<Member>>(`${of(workspaceId)}/members`, { signal })).items;

export const listInvitations = async (http: HttpClient, workspaceId: string, signal?: AbortSignal): Promise<Invitation[]> =>
  (await http.json<Page<Invitation>>(`${of(workspaceId)}/invitations`, { signal })).items;

/** The token is in this answer only; nobody can read it again. */
export const invite = (http: HttpClient, workspaceId: string, email: string, role: Role) =>
  http.json<Invitation & { token: string }>(`${of(workspaceId)}/members`, { method: "POST", body: { email, role } });

export const withdraw = (http: HttpClient, workspaceId: string, id: string) =>
  http.json<void>(`${of(workspaceId)}/invitations/${encodeURIComponent(id)}`, { method: "DELETE" });

export const changeRole = (http: HttpClient, workspaceId: string, userId: string, role: Role) =>
  http.json<Member>(`${of(workspaceId)}/members/${encodeURIComponent(userId)}`, { method: "PATCH", body: { role } });

export const removeMember = (http: HttpClient, workspaceId: string, userId: string) =>
  http.json<void>(`${of(workspaceId)}/members/${encodeURIComponent(userId)}`, { method: "DELETE" });
