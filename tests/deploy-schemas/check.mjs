// node check.mjs FILE…   Holds Kubernetes' manifests against its own types: an unknown field is a mistake, as are a missing one and a value of another kind.
// Exit 0 if all are right; else 1, and what is wrong.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

const here = dirname(fileURLToPath(import.meta.url));

const manifests = process.argv.slice(2).flatMap(file => parseAllDocuments(readFileSync(file, 'utf8'), { strict: true, uniqueKeys: true }).map(document => {
  if (document.errors.length > 0) throw new Error(`${file}: ${document.errors.join('\n')}`);
  return document.toJS();
}));
const lines = manifests.map((manifest, number) => {
  const from = `kubernetes-models/${manifest.apiVersion}/${manifest.kind}`;
  return `import type { I${manifest.kind} as T${number} } from '${from}';\nexport const ${manifest.kind}_${manifest.metadata.name.replaceAll('-', '_')}_${number}: T${number} = ${JSON.stringify(manifest, null, 1)};`;
});
const folder = mkdtempSync(join(here, 'check-'));
try {
  writeFileSync(join(folder, 'manifests.ts'), lines.join('\n'));
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { strict: true, noEmit: true, skipLibCheck: true, module: 'nodenext', moduleResolution: 'nodenext', types: [] }, files: ['manifests.ts'] }));
  execFileSync(join(here, 'node_modules', '.bin', 'tsc'), ['-p', folder, '--pretty', 'false'], { encoding: 'utf8' });
} catch (failed) {
  if (typeof failed.stdout !== 'string') throw failed;
  console.error(`${failed.stdout}${failed.stderr}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
