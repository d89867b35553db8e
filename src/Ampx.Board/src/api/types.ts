// The shapes of docs/API.md, as far as the board reads them.

export type Status = 'queued' | 'running' | 'retrying' | 'needs_review' | 'success' | 'aborted' | 'error';

export type Phase =
  | 'waiting_for_worker' | 'preparing' | 'agent' | 'publishing' | 'waiting_for_ci' | 'collecting_feedback'
  | 'backing_off' | 'opening_pr' | 'merging' | 'stopping' | 'done';

export type Role = 'viewer' | 'member' | 'lead' | 'admin';

export interface Caller { name: string; role: Role }

export interface Usage { input_tokens: number; cached_input_tokens: number; output_tokens: number; cost_usd: number | null }

export interface PullRequest { number: number; url: string; state: 'draft' | 'open' | 'merged' | 'closed'; auto_merge: boolean }

export interface Task {
  id: string; owner: string; repo: string; base: string | null; branch: string; agent: string; thread_id: string | null;
  prompt: string; pending_instructions: string[]; status: Status; phase: Phase; attempts: number; max_attempts: number;
  head_sha: string | null; ci_run_id: number | null; ci_url: string | null; pull_request: PullRequest | null; compare_url: string | null;
  summary: string; error: { code: string; detail: string } | null; usage: Usage | null; next_wake_at: string | null; version: number;
  created_at: string; updated_at: string; finished_at: string | null; queue_position: number | null;
  progress?: { unit: string; done: number; total: number };
}

export interface TimelineEntry { seq: number; time: string; status: Status; phase: Phase; attempt: number; cause: string; by: string; detail: string | null }

export interface CiJob { name: string; conclusion: string | null; failed_step: string | null; url: string | null }

export interface CiRun { id: number; name: string; url: string | null; conclusion: string | null; jobs: CiJob[] }

export interface Attempt {
  number: number; instruction: string; started_at: string; finished_at: string | null; outcome: string; head_sha: string | null;
  usage: Usage | null; feedback: string | null; said?: string | null; ci: { verdict: string; runs: CiRun[] } | null;
}

export interface LogEntry { seq: number; time: string; source: string; attempt: number; stream: string; text: string }

export interface Spread { count: number; median: number | null; p90: number | null }

export interface StatsBucket {
  from: string; tasks: Record<string, number>; time_to_green: Spread; queue_wait: Spread; attempts: Spread; input_tokens: number; output_tokens: number;
}

export interface Stats {
  tasks: Record<Status, number>;
  queue: { length: number; agent: number; ci: number };
  workers: { name: string; slots: number; busy: number; draining: boolean; last_seen: string }[];
  series: StatsBucket[] | null;
}

export interface StartOrder {
  repo: string; prompt?: string; base?: string; agent?: string; max_attempts?: number; max_tokens?: number; max_time?: string;
  ci?: string; draft?: boolean; issue?: number; auto_merge?: boolean;
}

export type ChangeOrder =
  | { action: 'continue'; prompt?: string; max_attempts?: number; max_tokens?: number; max_time?: string }
  | { action: 'abort' }
  | { action: 'merge'; method: string; delete_branch: boolean; auto: boolean; force: boolean };
