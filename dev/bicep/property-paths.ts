// Which properties a resource's declaration names, as dotted paths; those of a list's items belong to the list.
import { type BicepNode, literalOf, propertiesOf } from './syntax.ts';

/** Of every resource, whatever its type. */
const ofBicep = new Set(['parent', 'scope', 'dependsOn', 'tags']);

/** Leaves only, without duplicates: `properties.cors.allowedOrigins`. */
export function propertyPaths(body: BicepNode): readonly string[] {
  const own = propertiesOf(body).filter(([name]) => !ofBicep.has(name));
  return [...new Set(own.flatMap(([name, value]) => pathsOf(name, value)))];
}

function pathsOf(path: string, value: BicepNode): readonly string[] {
  const inner = itemsOf(value).flatMap((item) =>
    // A name that is made while deploying is a key of a map, and no property.
    propertiesOf(item).flatMap(([name, child]) =>
      name.includes('${') ? [] : pathsOf(`${path}.${name}`, child),
    ),
  );
  return inner.length === 0 ? [path] : inner;
}

/** An object is its own item; a list, a loop and a choice have several. */
function itemsOf(value: BicepNode): readonly BicepNode[] {
  if (value.type === 'object' || literalOf(value) !== null) return [value];
  const holders = ['array', 'for_statement', 'ternary_expression', 'parenthesized_expression'];
  return holders.includes(value.type) ? value.namedChildren.flatMap(itemsOf) : [];
}
