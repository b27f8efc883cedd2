"""Who owns which field of a resource, and what an apply or an update makes of it.

The rules are those of Kubernetes' server-side apply (structured merge): every writer is a *manager*, and a
manager owns the fields it applied (operation `Apply`) or changed (`Update`). A field that an applier
leaves out the next time goes away if nobody else owns it, another's stays, and to overwrite another's is a
conflict unless it is forced. What counts as one field is said by the schema: objects and list-type `map`
and `set` are owned piece by piece, atomic ones as a whole.

The public face:

    managers    Manager: one entry of metadata.managedFields; Owned: a document and its managers
    owning      apply(), update()
    fieldset    FieldSet: a set of fields, in memory and as fieldsV1
    elements    the steps of a field's path, and how it is shown

Where this departs from structured merge, it does so to lose nothing and to surprise nobody:

* an applied empty list is owned, as an applied empty object is;
* what is emptied and still held stays, empty, and does not become null;
* an applier does not conflict with what an updater of the same name owns;
* an item that stays in a map list keeps its keys, whoever owned them;
* a resource that nobody owns is simply unowned: there is no `before-first-apply`.

Everything here is a pure function of its arguments. Documents are never changed; what comes out may share
parts with what went in, so nobody may change those parts either.
"""
