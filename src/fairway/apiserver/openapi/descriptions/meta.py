"""Meta: what is said of the parts that all kinds share.

Source: Kubernetes docs, "Objects", "Labels and Selectors", "Owners and Dependents", "Server-Side Apply".
"""

from fairway.apiserver.openapi.descriptions.text import Texts

_NO_MATTER = "For conditions whose observer tells it: the generation of the object that the state was seen at."

CONDITION = {
    "lastTransitionTime": "When the status last changed from one value to another.",
    "message": "Why it is so, in a sentence for people.",
    "reason": "Why it is so, in one word in CamelCase, for programs.",
    "status": "True, False or Unknown.",
    "type": "What is told, in CamelCase; one condition of each type.",
}
"""What conditions of every kind have alike."""

META: Texts = {
    "meta.v1.ObjectMeta": ("What every object has, whatever its kind.", {
        "annotations": "Free notes of any size for tools and people; nothing is selected by them.",
        "creationTimestamp": "CreationTimestamp is a timestamp of when it was created, in UTC. Set by the server.",
        "deletionGracePeriodSeconds": "How many seconds the object may take to end once its deletion was asked for. "
                                      "Set "
                                      "together with deletionTimestamp; it can only be shortened.",
        "deletionTimestamp": "When the object is due to be gone; set when its deletion is asked for, never taken back. "
                             "It is gone when the finalizers are empty.",
        "finalizers": "Work that must be done, by those it names, before the object may disappear. Each takes its own "
                      "entry away; their order means nothing.",
        "generateName": "What the name begins with where the server shall choose the rest. Used only if name is empty.",
        "generation": "Grows by one with each change of what is wanted. Set by the server.",
        "labels": "Keys and values by which objects are found, grouped and selected.",
        "managedFields": "Which writer last set which field. Kept by the server for server-side apply.",
        "name": "The name, unique among the objects of a kind in a namespace. It cannot be changed.",
        "namespace": "The space in which the name is unique; empty for kinds without namespaces. It cannot be changed.",
        "ownerReferences": "The objects this one belongs to; when all of them are gone, it is removed too.",
        "resourceVersion": "An opaque mark of this state of the object; an update with an older one is refused. It can "
                           "be compared only with marks of the same kind.",
        "selfLink": "No longer filled in.",
        "uid": "Tells this object from every other that ever had its name. Set by the server.",
    }),
    "meta.v1.ListMeta": ("What every list has.", {
        "continue": "Set where there is more: the mark that gets the next page, with otherwise the same query.",
        "remainingItemCount": "How many objects come after this page, where that is known. A selector makes it "
                              "unknown.",
        "resourceVersion": "The state of the whole collection that this list shows; a watch goes on from here.",
        "selfLink": "No longer filled in.",
    }),
    "meta.v1.OwnerReference": ("An object that this one belongs to. It is in the same namespace, or in none.", {
        "apiVersion": "Group and version of the owner's kind.",
        "blockOwnerDeletion": "Whether an owner that is deleted in the foreground stays until this object is gone.",
        "controller": "Whether this owner is the one that manages the object. At most one of all may be.",
        "kind": "The owner's kind.", "name": "The owner's name.",
        "uid": "The owner's uid; another object of the same name is no owner.",
    }),
    "meta.v1.ManagedFieldsEntry": ("The fields that one writer owns, by one way of writing.", {
        "apiVersion": "The version of the kind that the fields are named in.",
        "fieldsType": "How the fields are written down; FieldsV1 is the only way so far.",
        "fieldsV1": "The fields, as a tree.",
        "manager": "The writer, as its requests name it with fieldManager.",
        "operation": "Apply for server-side apply, Update for everything else.",
        "subresource": "The subresource through which was written; empty for the object itself.",
        "time": "When a field was last added, changed in value or removed.",
    }),
    "meta.v1.FieldsV1": (
        "A set of fields as a tree. A key f:NAME is a field, k:KEYS an item of a list by its keys, v:VALUE an item of "
        "a "
        "set by its value, i:INDEX one by its place, and . the thing itself.", {}),
    "meta.v1.LabelSelector": (
        "Which objects are meant, by their labels: those that fulfil all that is asked. An empty one means every "
        "object, "
        "a missing one none.", {
            "matchExpressions": "Conditions on labels. All of them must hold.",
            "matchLabels": "Labels that an object must have with just these values.",
        }),
    "meta.v1.LabelSelectorRequirement": ("A condition on one label.", {
        "key": "The label.",
        "operator": "In: its value is one of values. NotIn: it is none of them, or missing. Exists, DoesNotExist: the "
                    "label is there, or not.",
        "values": "Values for In and NotIn, at least one; for the others none.",
    }),
    "meta.v1.Condition": ("One aspect of an object's present state.", {
        **CONDITION, "observedGeneration": _NO_MATTER,
    }),
    "meta.v1.Time": ("A time in UTC, as RFC 3339 writes it: 2026-01-31T12:00:00Z.", {}),
    "meta.v1.MicroTime": ("A time in UTC with microseconds, as RFC 3339 writes it.", {}),
    "meta.v1.Patch": ("The body of a patch; its media type says how it is understood.", {}),
    "meta.v1.DeleteOptions": ("How an object is to be deleted.", {
        "dryRun": "Only try it: All goes through every check and stores nothing.",
        "gracePeriodSeconds": "How many seconds the object may take to end. 0: at once. Left out: what the kind or the "
                              "object itself says.",
        "ignoreStoreReadErrorWithClusterBreakingPotential": "Delete an object even though what is stored of it cannot "
                                                            "be read. Finalizers and owners are not heeded then.",
        "orphanDependents": "Deprecated: use propagationPolicy. Whether dependents stay.",
        "preconditions": "What must hold, or nothing is deleted and the answer is 409.",
        "propagationPolicy": "What becomes of dependents. Orphan: they stay. Background: they go after it. Foreground: "
                             "they go before it.",
    }),
    "meta.v1.Preconditions": ("What must hold before something is done.", {
        "resourceVersion": "The object is still in this state.", "uid": "The object is still this one.",
    }),
    "meta.v1.Status": ("The answer of a call that gives no object; above all, what went wrong.", {
        "code": "The HTTP code that belongs to it.", "details": "More on the reason.",
        "message": "What happened, in a sentence for people.",
        "reason": "What went wrong, in one word in CamelCase such as NotFound or Conflict, for programs.",
        "status": "Success or Failure.",
    }),
    "meta.v1.StatusDetails": ("What a failure is about.", {
        "causes": "Every single finding, where there are several.", "group": "The group of what the call was about.",
        "kind": "The kind, or the resource, that the call was about.", "name": "The object that the call was about.",
        "retryAfterSeconds": "After how many seconds another try is worth while.",
        "uid": "The uid of the object that the call was about.",
    }),
    "meta.v1.StatusCause": ("One finding among those that made a call fail.", {
        "field": "The field that it is about, as a path such as spec.ports[0].name.",
        "message": "What is wrong, in a sentence for people.",
        "reason": "What is wrong, in one word in CamelCase, for programs.",
    }),
    "meta.v1.WatchEvent": ("One change that a watch tells.", {
        "object": "ADDED, MODIFIED: the object as it is now. DELETED: as it last was. BOOKMARK: an object with "
                  "nothing but "
                  "the resourceVersion reached. ERROR: a Status.",
        "type": "ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.",
    }),
    "io.k8s.apimachinery.pkg.api.resource.Quantity": (
        "An amount: a number with an optional suffix. 500m is half of one; k, M, G, T, P, E go by thousands, Ki, Mi, "
        "Gi, "
        "Ti, Pi, Ei by 1024; 1e3 is 1000.", {}),
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": ("A number, or a text: a name, or per cent such as 25%.", {}),
    "io.k8s.apimachinery.pkg.runtime.RawExtension": ("Any object, of a kind that is not fixed here.", {}),
    "core.v1.ObjectReference": ("Names another object.", {
        "apiVersion": "Group and version of its kind.",
        "fieldPath": "A part of it, such as spec.containers{web}; empty for the whole object.",
        "kind": "Its kind.", "name": "Its name.", "namespace": "Its namespace.",
        "resourceVersion": "The state of it that is meant.", "uid": "Its uid.",
    }),
    "core.v1.LocalObjectReference": ("Names an object in the same namespace.", {"name": "Its name."}),
    "core.v1.TypedLocalObjectReference": ("Names an object of any kind in the same namespace.", {
        "apiGroup": "The group of its kind; empty for the core group.", "kind": "Its kind.", "name": "Its name.",
    }),
    "core.v1.TypedObjectReference": ("Names an object of any kind.", {
        "apiGroup": "The group of its kind; empty for the core group.", "kind": "Its kind.", "name": "Its name.",
        "namespace": "Its namespace. Another one than this object's needs a ReferenceGrant there.",
    }),
}  # fmt: skip
