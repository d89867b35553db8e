import bash from 'highlight.js/lib/languages/bash';
import csharp from 'highlight.js/lib/languages/csharp';
import css from 'highlight.js/lib/languages/css';
import go from 'highlight.js/lib/languages/go';
import java from 'highlight.js/lib/languages/java';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import markdown from 'highlight.js/lib/languages/markdown';
import python from 'highlight.js/lib/languages/python';
import ruby from 'highlight.js/lib/languages/ruby';
import rust from 'highlight.js/lib/languages/rust';
import sql from 'highlight.js/lib/languages/sql';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import yaml from 'highlight.js/lib/languages/yaml';
import { createLowlight } from 'lowlight';

const colours = createLowlight({ bash, csharp, css, go, java, javascript, json, markdown, python, ruby, rust, sql, typescript, xml, yaml });

const languages: Record<string, string> = {
  sh: 'bash', bash: 'bash', zsh: 'bash', cs: 'csharp', css: 'css', go: 'go', java: 'java', kt: 'java', js: 'javascript', jsx: 'javascript', mjs: 'javascript', cjs: 'javascript',
  json: 'json', md: 'markdown', py: 'python', rb: 'ruby', rs: 'rust', sql: 'sql', ts: 'typescript', tsx: 'typescript', html: 'xml', xml: 'xml', csproj: 'xml', svg: 'xml', yml: 'yaml', yaml: 'yaml',
};

export const languageOf = (path: string): string | null => languages[path.split('.').pop()?.toLowerCase() ?? ''] ?? null;

/** A piece of a line, with the class of its colour. As text, never as HTML. */
export interface Piece { text: string; kind: string }

/** The lines of a code, in pieces. */
export function highlight(language: string, code: string): Piece[][] {
  const lines: Piece[][] = [[]];
  const walk = (nodes: unknown[], kind: string) => {
    for (const node of nodes as { type: string; value?: string; children?: unknown[]; properties?: { className?: string[] } }[]) {
      if (node.type !== 'text') {
        walk(node.children ?? [], node.properties?.className?.[0] ?? kind);
        continue;
      }

      node.value!.split('\n').forEach((text, i) => {
        if (i > 0) lines.push([]);
        if (text !== '') lines[lines.length - 1].push({ text, kind });
      });
    }
  };
  walk(colours.highlight(language, code).children, '');
  return lines;
}
