// The checks of settings. What they bring is read by nearly all others.
import type { Node, Run } from '../run.ts';
import { fail, pass } from '../verdict.ts';
import { judgeTogether } from './judge-together.ts';
import { judgeValues } from './judge-values.ts';
import { type Reading, readReading } from './reading.ts';
import { namesSet, type Source } from './source.ts';

export function addSettingChecks(run: Run, source: Source): Node<Reading> {
  const found = run.add('settings.source', {}, () => {
    if (source.problem !== null)
      return {
        verdicts: [
          fail({
            detail: source.problem,
            fix: 'Correct the file; local.settings.example.json shows its form.',
          }),
        ],
      };
    if (namesSet(source.env).length > 0) return { verdicts: [pass(source.label)], value: source };
    return {
      verdicts: [
        fail({
          detail: `Nothing of Opwatch is set in ${source.label}.`,
          fix: 'Run npm start in another terminal and this again; or copy local.settings.example.json to local.settings.json; or give a deployment’s settings by --settings (docs/doctor.md).',
        }),
      ],
    };
  });
  const values = run.add('settings.values', { found }, ({ found: { place, env } }) => {
    const reading = readReading({ place, env });
    // Wrong settings stop what they mislead, and nothing else.
    return { verdicts: judgeValues(reading), value: reading };
  });
  run.add('settings.together', { values }, (settings) => ({ verdicts: judgeTogether(settings.values) }));
  return values;
}
