/* The protocol by which one Salesforce order becomes one WHMCS order, for spin to search through completely.
 *
 * It follows Sources/Orders; whoever changes one of these changes the other:
 *
 *   verify       Webhook/Webhook.swift, Ledger/Acceptance.swift (accept)
 *   bus          EventBridge and Lambda's queue: at least once, and sometimes not at all
 *   provision    Ledger/Lease.swift (take, takeEnded, write, release, finish), Provisioning/Road.swift (steps, settle),
 *                Provisioning/Telling.swift (tellFailure), Provisioning/Ordering.swift (create, look, checkMayAdd, add,
 *                keep, accept), Provisioning/Install.swift (whether the marker is proven)
 *   recover      Ledger/OpenOrders.swift (claim), Recovery/RecoveryRound.swift
 *   WHMCS, time  the world
 *
 * What stands for what:
 *
 * - One order, two runs of provision-order at once. A killed run is a process that goes back to its beginning.
 * - One statement is one call outside or one write to the ledger; between any two of them anything may happen. Every
 *   one of them can be the last: see DIES.
 * - A run's copy of the order is the ledger's item itself, but for the WHMCS id: while the lease lasts they are the
 *   same, and after it the next checkpoint stops the run.
 * - Time is counted in ticks, and every point in time is kept as what is left until it: 0 is over.
 * - MAX_ATTEMPTS is not counted: a run may find at any time that the tries are used up. That allows more than the code.
 * - The steps that change neither WHMCS nor the ledger's idea of it (validation, mapping, Salesforce's status) are left
 *   out: they only fail, and failing is in START.
 * - A person is left out: Failed is an end.
 *
 * Broken on purpose, so that it shows that the search would find it (deploy/prove):
 *
 *   NO_SENT_MARK    the ledger does not say "sent" before AddOrder
 *   NO_QUIET_TIME   the second AddOrder does not wait
 *   SHORT_QUIET     it waits as long as WHMCS may take, and forgets that the run may send some time after its mark
 *   LATE_CLOCK      whether it is over is asked after the look, not before
 *   NO_LEASE_CHECK  checkpoints are written by whoever comes
 *   SAME_OWNER      deliveries of one event share their name, as Lambda's retries share the request id
 *
 *   FOREIGN_PROOF   the marker was proven by orders that keep it, and this one does not
 *   NO_RECOVERY     nobody looks at what is due
 *
 * VERY_LATE breaks the world instead: WHMCS may act at any time, however late.
 * FAULTS=n limits the faults, for the question of what happens when they stop; without it they never do.
 */

/* Ticks: a run lasts RUN at the most (the function's Timeout; its lease is as long, and the HTTP client's deadline
 * makes its last call end before). WHMCS carries out within LATE what it was sent, or never. WAIT is any other wait.
 * The mark is written before AddOrder is sent, at most a run's time before: the quiet time covers both. */
#define RUN 2
#define LATE 2
#define WAIT 1
#if defined(NO_QUIET_TIME)
#define QUIET 0
#elif defined(SHORT_QUIET)
#define QUIET LATE
#else
#define QUIET (RUN - 1 + LATE)
#endif

#ifdef FAULTS
byte faults = FAULTS;
#define MAYFAIL (faults > 0)
#define FAIL faults--
#else
#define MAYFAIL true
#define FAIL skip
#endif

/* MARK: the ledger, one item. `due` is the sparse index as well: NEVER is an order that is not in it. */

mtype = { None, Accepted, Activating, Provisioned, Failed };
mtype = { Sent, Added };
mtype = { Create, Accept, FailureUpdate };

#define NEVER 15

mtype status = None;
mtype step = None;
mtype addOrder = None;
bool again;             /* AddOrder was sent a second time */
bool unknown;           /* the error code is WHMCS_OUTCOME_UNKNOWN */
byte id;                /* of the WHMCS order; 0 is none */
byte owner;             /* of the lease; 0 is nobody */
byte lease;             /* leaseUntil */
byte due = NEVER;       /* dueAt */
byte quiet;             /* until addOrderAt + WHMCS_QUIET_TIME */

#define isOpen (due != NEVER)

/* MARK: the world */

bool event;             /* an announcement is on its way. All are alike: a second one is a later one */
byte left[3];           /* what is left of each run's time; 0 as well when there is no run */

mtype order[3] = None;  /* WHMCS orders by id: None, Pending, Active, Cancelled */
mtype = { Pending, Active, Cancelled };
byte made;              /* the highest id so far */

/* AddOrder requests that may still take effect: what is left of LATE, and the run that listens for the answer. */
byte air[2];
byte from[2];
byte answer[3];         /* to each run: the id, or NO */
#define NO 9

/* The install's: whether it keeps the marker, and whether it was seen to (by an earlier order's read back). */
bool keeps;
bool proven;

#define stands(k) (order[k] == Pending || order[k] == Active)
#define isFound(k) (keeps && stands(k))

/* MARK: programs */

/* One transaction, then the announcement, which may fail, or never be reached. Or Salesforce's own event comes first,
 * and provision-order enters the order. */
active proctype verify() {
    if
    :: atomic { status = Accepted; due = WAIT };
        if
        :: event = true
        :: atomic { MAYFAIL -> FAIL }
        fi
    :: event = true
    fi
}

/* Delivers again what it has delivered, however often, or loses it. What is lost before the order is in the ledger is
 * not the ledger's to find. */
active proctype bus() {
    do
    :: atomic { !event && status != None && MAYFAIL -> FAIL; event = true }
    :: atomic { event && status != None && MAYFAIL -> FAIL; event = false }
    od
}

/* Reads the index, moves dueAt on if it still is what was read (so the two are one step here), then announces. */
active proctype recover() {
    do
#ifndef NO_RECOVERY
    :: atomic { due == 0 -> due = WAIT };
        if
        :: event = true
        :: atomic { MAYFAIL -> FAIL }
        fi
#else
    :: false
#endif
    od
}

#ifdef SAME_OWNER
#define NAME 1
#else
#define NAME me
#endif
#ifdef NO_LEASE_CHECK
#define MINE true
#else
#define MINE (owner == NAME)
#endif

/* The run is killed. */
#define DIES atomic { MAYFAIL -> FAIL; goto over }
/* A write under the lease; a run that has lost it stops. With `skip` it only asks whether it still has it. It may come
 * after the run's time: an outlived run is stopped by the condition alone. */
#define CHECKPOINT(changes) \
    if \
    :: atomic { MINE -> changes } \
    :: atomic { !MINE -> goto over } \
    :: DIES \
    fi
/* A call outside, which fails for the moment or comes too late for the run's deadline. */
#define CALL(effect) \
    if \
    :: atomic { left[me] > 0 -> effect } \
    :: atomic { left[me] == 0 -> goto later } \
    :: atomic { MAYFAIL -> FAIL; goto later } \
    :: DIES \
    fi

#define isUntold (status == Failed && isOpen)
#define isFree (status == None || status == Accepted || ((status == Activating || isUntold) && lease == 0))

proctype provision(byte me) {
    byte mine;  /* the WHMCS order as this run knows it */
    byte slot;
    bool isQuiet;

idle:
    /* take */
    atomic {
        event -> event = false;
        if
        :: isFree -> status = (status == Failed -> Failed : Activating); owner = NAME; lease = RUN; due = RUN
#ifdef SAME_OWNER
        /* Taken for a repetition of the write that took the lease. */
        :: !isFree && status == Activating && owner == NAME
#endif
        :: else -> goto idle
        fi;
        left[me] = RUN;
        mine = id
    };

    /* START: tries are used up, or a step before whmcs_create says no. */
    if
    :: atomic { step == FailureUpdate -> goto tellFailure }
    :: atomic { step != FailureUpdate -> goto fail }
    :: atomic { step == Accept -> goto success }
    :: atomic { step == Create -> goto accept }
    :: atomic { step == None && mine != 0 -> goto readBack }
    /* After a second AddOrder it is looked for a duplicate; a run that resumes there may look again or not. */
    :: atomic { step == None && (mine == 0 || again) }
    :: atomic { MAYFAIL -> FAIL; goto later }
    :: DIES
    fi;

look:
    /* All pages. The lowest id wins; the other is cancelled while it is pending. The quiet time must be over before
     * the look: what it did not find may come up while it goes on. */
#ifndef LATE_CLOCK
    isQuiet = (quiet == 0);
#endif
    CALL(if :: isFound(1) -> mine = 1 :: !isFound(1) && isFound(2) -> mine = 2 :: else fi);
    if
    :: mine == 0 -> goto checkMayAdd
    :: atomic { mine == 1 && isFound(2) -> isQuiet = false };
        CHECKPOINT(skip);
        CALL(if :: order[2] == Pending -> order[2] = Cancelled :: else fi)
    :: atomic { mine > 0 && !(mine == 1 && isFound(2)) -> isQuiet = false; goto keep }
    fi;
    goto keep;

checkMayAdd:
#ifdef LATE_CLOCK
    isQuiet = (quiet == 0);
#endif
    if
    :: atomic { addOrder == Sent && !isQuiet -> goto wait }
    :: atomic { addOrder == Sent && isQuiet && (again || !proven) -> goto fail }
    :: atomic { addOrder != Sent || (isQuiet && !again && proven) -> isQuiet = false }
    fi;

    /* add */
#ifdef NO_SENT_MARK
    CHECKPOINT(skip);
#else
    CHECKPOINT(again = (addOrder == Sent); addOrder = Sent; quiet = QUIET);
#endif
    if
    :: atomic {
        left[me] > 0 && (air[0] == 0 || air[1] == 0) ->
        if
        :: air[0] == 0 -> slot = 0
        :: else -> slot = 1
        fi;
        air[slot] = LATE;
        from[slot] = me
    }
    /* No time, or (broken variants only) more requests under way than the model holds. */
    :: atomic { left[me] == 0 || (air[0] > 0 && air[1] > 0) -> goto later }
    :: DIES
    fi;
    if
    :: atomic { answer[me] != 0 && answer[me] != NO -> mine = answer[me]; answer[me] = 0; slot = 0; goto keep }
    :: atomic { answer[me] == NO -> answer[me] = 0; slot = 0 }
    /* Nobody listens any more: time-out, reset, an answer that is lost or cannot be read. */
    :: atomic {
        true -> answer[me] = 0;
        if
        :: from[slot] == me -> from[slot] = 0
        :: else
        fi;
        goto later
    }
    :: DIES
    fi;
    /* A clear no: for good, or for now. */
    CHECKPOINT(addOrder = None; again = false; quiet = 0);
    if
    :: goto fail
    :: atomic { MAYFAIL -> FAIL; goto later }
    fi;

keep:
    CHECKPOINT(
        if
        :: again && id == 0 && addOrder == Sent -> id = mine; addOrder = Added; goto look
        :: else -> id = mine; addOrder = Added; quiet = 0
        fi);

readBack:
    /* The id goes to Salesforce, then the order is read back, which proves the marker. */
    CALL(if :: keeps -> proven = true :: else fi);
    CHECKPOINT(step = Create);

accept:
    /* Right after a checkpoint or the take. Judged by the order's status. */
    CALL(if :: order[mine] == Pending -> order[mine] = Active :: else fi);
    if
    :: order[mine] == Active
    :: else -> goto fail
    fi;
    CHECKPOINT(step = Accept);

success:
    /* Salesforce says Provisioned. */
    CALL(skip);
    CHECKPOINT(status = Provisioned; due = NEVER; owner = 0; lease = 0);
    goto over;

later:
    if
    :: goto fail  /* the tries are used up */
    :: CHECKPOINT(due = WAIT; owner = 0; lease = 0);
        goto over
    fi;

wait:
    CHECKPOINT(due = (quiet > 0 -> quiet : WAIT); owner = 0; lease = 0);
    goto over;

fail:
    /* While AddOrder is in doubt, that is the last word. */
    CHECKPOINT(step = FailureUpdate; unknown = (addOrder == Sent));
tellFailure:
    /* Salesforce says Failed, or is told later: the order is Failed all the same. */
    if
    :: skip
    :: atomic { MAYFAIL -> FAIL };
        CHECKPOINT(status = Failed; due = WAIT; owner = 0; lease = 0);
        goto over
    fi;
    CHECKPOINT(status = Failed; due = NEVER; owner = 0; lease = 0);

over:
    atomic {
        left[me] = 0;
        answer[me] = 0;
        mine = 0;
        slot = 0;
        isQuiet = false;
        if
        :: from[0] == me -> from[0] = 0
        :: from[1] == me -> from[1] = 0
        :: else
        fi;
        goto idle
    }
}

/* MARK: WHMCS and time */

inline perform(request) {
    made++;
    order[made] = Pending;
    if
    :: from[request] != 0 -> answer[from[request]] = made
    :: else
    fi;
    air[request] = 0;
    from[request] = 0
}

inline refuse(request) {
    answer[from[request]] = NO;
    air[request] = 0;
    from[request] = 0
}

/* Carries out what it was sent whenever it likes within LATE, or lets it lapse. A pending order also becomes active
 * without us: the customer pays, or an AcceptOrder whose answer nobody had takes effect. A third order proves no more
 * than a second one. */
active proctype WHMCS() {
    do
    :: atomic { air[0] > 0 && made < 2 -> perform(0) }
    :: atomic { air[1] > 0 && made < 2 -> perform(1) }
    :: atomic { air[0] > 0 && from[0] != 0 -> refuse(0) }
    :: atomic { air[1] > 0 && from[1] != 0 -> refuse(1) }
#ifndef VERY_LATE
    :: atomic { order[1] == Pending -> order[1] = Active }
    :: atomic { order[2] == Pending -> order[2] = Active }
#endif
    od
}

#define pass(timer) timer = (timer > 0 -> timer - 1 : 0)
#define isLast (left[1] == 1 || left[2] == 1)

inline lapse(request) {
    if
    :: air[request] > 0 ->
        air[request]--;
        if
        :: air[request] == 0 -> from[request] = 0
        :: else
        fi
    :: else
    fi
}

/* A live run that outlives its time is a fault: it is meant to end before. */
active proctype time() {
    do
    :: atomic {
        (left[1] + left[2] + lease + quiet + air[0] + air[1] > 0 || (isOpen && due > 0)) && (!isLast || MAYFAIL) ->
        if
        :: isLast -> FAIL
        :: else
        fi;
        pass(left[1]);
        pass(left[2]);
        pass(lease);
        pass(quiet);
        if
        :: isOpen -> pass(due)
        :: else
        fi;
#ifndef VERY_LATE
        lapse(0);
        lapse(1)
#endif
    }
    od
}

init {
    atomic {
        if
        :: keeps = true; proven = true
        :: keeps = true
        :: skip
#ifdef FOREIGN_PROOF
        :: proven = true
#endif
        fi;
        run provision(1);
        run provision(2)
    }
}

/* MARK: what must hold */

#define isUnderWay (air[0] > 0 || air[1] > 0)
#define isOther(k) (stands(k) && id != k)

/* Never two active WHMCS orders for one Salesforce order. */
#define oneActive (!(order[1] == Active && order[2] == Active))
/* Nor two of which one only waits to be paid. */
#define oneOrder (!(stands(1) && stands(2)))
/* Never an AddOrder while an earlier one may still take effect. */
#define noOverlap (!(air[0] > 0 && air[1] > 0))
/* No accepted order without a time at which somebody looks at it again, unless it has ended. */
#define alwaysDue (!(status == Accepted || status == Activating) || isOpen)
/* Provisioned is true. */
#define isTrue (status != Provisioned || (order[id] == Active && !isUnderWay))
/* An order that failed without a doubt has nothing in WHMCS that the ledger does not know. */
#define isClean (status != Failed || unknown || !(isUnderWay || isOther(1) || isOther(2)))

ltl safe { [] (oneActive && oneOrder && noOverlap && alwaysDue && isTrue && isClean) }
ltl one_active { [] oneActive }

/* When faults stop (FAULTS), every order ends, and Salesforce is told: under weak fairness, which only says that a
 * program that can go on does at last. */
ltl ends { <> ((status == Provisioned || status == Failed) && !isOpen) }
