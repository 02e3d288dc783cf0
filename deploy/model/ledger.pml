/* The protocol that turns one Salesforce order into exactly one WHMCS order. spin searches all of its states.
 *
 * It follows Sources/Orders. A change of one needs the same change in the other:
 *
 *   verify       Webhook/Webhook.swift, Ledger/Acceptance.swift (accept)
 *   bus          EventBridge and the order queue: deliver at least once, at any time, and sometimes not at all
 *   provision    Ledger/Leasing.swift (take), Ledger/Lease.swift (every checkpoint), Ledger/MarkerSupport.swift
 *                (proven), Provisioning/ProvisioningRun.swift (the order of the steps), Provisioning/RetryPolicy.swift
 *                (later, wait, fail), Provisioning/StatusUpdates.swift (reportFailure, success),
 *                Provisioning/OrderCreation.swift (search, checkMayAdd, add, keep),
 *                Provisioning/OrderReadBack.swift (readBack),
 *                Provisioning/OrderAcceptance.swift (accept)
 *   recover      Ledger/OpenOrders.swift (claim), Recovery/RecoveryRound.swift
 *   WHMCS, time  the world
 *
 * How the model represents it:
 *
 * - One order, and two concurrent runs of provision-order. A killed run is a process that returns to its beginning.
 * - One statement is one outbound call or one write to the ledger. Anything may happen between two statements, and a
 *   run may die at each: see DIES.
 * - A run's copy of the order is the ledger's item itself, except for the WHMCS id: both are equal while the lease
 *   lasts, and after that the next checkpoint stops the run.
 * - Time is counted in ticks. A variable for a point in time holds the ticks left until then; 0 means past.
 * - MAX_ATTEMPTS is not counted: a run may exhaust its attempts at any time. That allows more behaviour than the code.
 * - The steps that change neither WHMCS nor the ledger's knowledge of it (validation, mapping, Salesforce's status) are
 *   left out: they can only fail, and START includes that failure.
 * - Operators are left out: Failed is final.
 *
 * Definitions that remove a safeguard, to show that the search finds the violation (deploy/prove):
 *
 *   NO_SENT_MARK    the ledger does not record "sent" before AddOrder
 *   NO_QUIET_TIME   the second AddOrder does not wait
 *   SHORT_QUIET     it waits only as long as WHMCS may take, although the run may send some time after the mark
 *   NO_ACCEPT_MARK  the ledger does not record that AcceptOrder is sent
 *   LATE_CLOCK      the run checks the quiet time after the search, not before
 *   NO_LEASE_CHECK  a run writes checkpoints without holding the lease
 *   SAME_OWNER      all deliveries of one event share an owner name, as if they shared a request id
 *   FOREIGN_PROOF   orders that keep the marker have proven it, and this order does not keep it
 *   NO_RECOVERY     no program reads the orders that are due
 *
 * VERY_LATE changes the world instead: WHMCS may act at any time, however late.
 * FAULTS=n limits the number of faults, to show what happens after the last one; without it faults never stop.
 */

/* Ticks. A run lasts at most RUN: the function's timeout. Its lease is as long, and the HTTP client's deadline ends its
 * last call earlier. WHMCS carries out a request within LATE, or never. WAIT is any other wait. A run writes the mark
 * before it sends AddOrder, at most RUN earlier: the quiet time covers both. */
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

/* MARK: the ledger, one item. `due` also represents the sparse index: NEVER is an order outside it. */

mtype = { None, Accepted, Activating, Provisioned, Failed };
mtype = { Sent, Added };
mtype = { Create, Accept, FailureUpdate };

#define NEVER 15

mtype status = None;
mtype step = None;
mtype addOrder = None;
bool again;             /* AddOrder was sent twice */
bool unknown;           /* the error code is WHMCS_OUTCOME_UNKNOWN */
byte id;                /* id of the WHMCS order; 0 is none */
byte owner;             /* leaseOwner; 0 is none */
byte lease;             /* leaseUntil */
byte due = NEVER;       /* dueAt */
byte quiet;             /* ticks until addOrderAt + WHMCS_QUIET_TIME */

byte acceptQuiet;       /* ticks until acceptAt + WHMCS_QUIET_TIME; 0 also when no AcceptOrder is unanswered */

#define isOpen (due != NEVER)

/* MARK: the world */

bool event;             /* an event is on the bus. All are equal: a second one counts as a later one */
byte left[3];           /* ticks until each run's deadline; also 0 without a run */

mtype order[3] = None;  /* WHMCS orders by id: None, Pending, Active, Cancelled */
mtype = { Pending, Active, Cancelled };
byte made;              /* the highest id so far */

/* AddOrder requests that may still take effect: the ticks left of LATE, and the run that waits for the answer. */
byte air[2];
byte from[2];
byte answer[3];         /* to each run: the order's id, or NO */
#define NO 9

/* The AcceptOrder at work: the ticks left of LATE, its order, and the run that waits for the answer. It calls modules:
 * a second one beside it would set a service up twice. */
byte work;
byte workOn;
byte worker;
bool twice;

/* Whether this WHMCS keeps the marker, and whether reading back an order has proven that. In the code only an order
 * whose id the run's own AddOrder returned proves it; here an adopted one does too. That allows more behaviour than the
 * code. */
bool keeps;
bool proven;

#define stands(k) (order[k] == Pending || order[k] == Active)
#define isFound(k) (keeps && stands(k))

/* MARK: programs */

/* One transaction, then the event, which may fail or never be sent. Or Salesforce's own event comes first, and
 * provision-order enters the order. */
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

/* Delivers an event any number of times, or loses it. The ledger cannot recover an event that is lost before the order
 * is recorded. */
active proctype bus() {
    do
    :: atomic { !event && status != None && MAYFAIL -> FAIL; event = true }
    :: atomic { event && status != None && MAYFAIL -> FAIL; event = false }
    od
}

/* Reads the index and moves dueAt forward unless it has changed (hence one step here), then publishes the order. */
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

/* The run may be killed here. */
#define DIES atomic { MAYFAIL -> FAIL; goto over }
/* A write under the lease; a run that has lost the lease stops. With `skip` it only checks the lease. The write may
 * come after the run's deadline: then only the condition stops the run. */
#define CHECKPOINT(changes) \
    if \
    :: atomic { MINE -> changes } \
    :: atomic { !MINE -> goto over } \
    :: DIES \
    fi
/* An outbound call, which may fail with a retryable error or come after the run's deadline. */
#define CALL(effect) \
    if \
    :: atomic { left[me] > 0 -> effect } \
    :: atomic { left[me] == 0 -> goto later } \
    :: atomic { MAYFAIL -> FAIL; goto later } \
    :: DIES \
    fi

#define isUnreported (status == Failed && isOpen)
#define isFree (status == None || status == Accepted || ((status == Activating || isUnreported) && lease == 0))

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
        /* The ledger takes it for a repetition of the write that took the lease. */
        :: !isFree && status == Activating && owner == NAME
#endif
        :: else -> goto idle
        fi;
        left[me] = RUN;
        mine = id
    };

    /* START: the attempts are exhausted, or a step before whmcs_create fails for good. */
    if
    :: atomic { step == FailureUpdate -> goto reportFailure }
    :: atomic { step != FailureUpdate -> goto fail }
    :: atomic { step == Accept -> goto success }
    :: atomic { step == Create -> goto accept }
    :: atomic { step == None && mine != 0 -> goto readBack }
    /* After a second AddOrder the run searches for a duplicate; a run that resumes here may search again or not. */
    :: atomic { step == None && (mine == 0 || again) }
    :: atomic { MAYFAIL -> FAIL; goto later }
    :: DIES
    fi;

search:
    /* Searches all pages. The lowest id wins; the run cancels the other while it is pending. The quiet time must be
     * over before the search: an order may appear while the search runs, and the search miss it. */
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
    /* The deadline has passed, or (without a safeguard only) more requests are in flight than the model holds. */
    :: atomic { left[me] == 0 || (air[0] > 0 && air[1] > 0) -> goto later }
    :: DIES
    fi;
    if
    :: atomic { answer[me] != 0 && answer[me] != NO -> mine = answer[me]; answer[me] = 0; slot = 0; goto keep }
    :: atomic { answer[me] == NO -> answer[me] = 0; slot = 0 }
    /* The answer does not arrive: timeout, connection reset, or an answer that is lost or unreadable. */
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
    /* WHMCS refuses the order, for good or for now. */
    CHECKPOINT(addOrder = None; again = false; quiet = 0);
    if
    :: goto fail
    :: atomic { MAYFAIL -> FAIL; goto later }
    fi;

keep:
    CHECKPOINT(
        if
        :: again && id == 0 && addOrder == Sent -> id = mine; addOrder = Added; goto search
        :: else -> id = mine; addOrder = Added; quiet = 0
        fi);

readBack:
    /* Writes the id to Salesforce, and reads the order back beside it. Here this proves the marker even when the run has adopted
     * the order or an earlier run has created it; the code is stricter: see `proven`. */
    CALL(if :: keeps -> proven = true :: else fi);
    CHECKPOINT(step = Create);

accept:
    /* Directly after a checkpoint or the take. Reads the order, whose status decides. */
#ifdef NO_ACCEPT_MARK
    isQuiet = true;
#else
    isQuiet = (acceptQuiet == 0);
#endif
    CALL(
        if
        :: order[mine] == Active -> goto accepted
        :: order[mine] == Pending && !isQuiet -> goto waitToAccept
        :: order[mine] == Pending && isQuiet -> isQuiet = false
        :: else -> goto fail
        fi);
    CHECKPOINT(acceptQuiet = QUIET);
    if
    :: atomic { left[me] > 0 -> twice = (work > 0); work = LATE; workOn = mine; worker = me }
    :: atomic { left[me] == 0 -> goto later }
    :: DIES
    fi;
    if
    :: atomic { answer[me] != 0 && answer[me] != NO -> answer[me] = 0; goto accepted }
    :: atomic { answer[me] == NO -> answer[me] = 0 }
    :: atomic { answer[me] == 0 && worker != me -> goto later }
    :: atomic {
        MAYFAIL -> FAIL;
        answer[me] = 0;
        if
        :: worker == me -> worker = 0
        :: else
        fi;
        goto later
    }
    :: DIES
    fi;
    /* WHMCS refuses it, or a module answers with an error: it is at work no more. */
    CHECKPOINT(acceptQuiet = 0);
    goto later;

accepted:
    CHECKPOINT(step = Accept; acceptQuiet = 0; isQuiet = false);

success:
    /* Reports Provisioned to Salesforce. */
    CALL(skip);
    CHECKPOINT(status = Provisioned; due = NEVER; owner = 0; lease = 0);
    goto over;

later:
    if
    :: goto fail  /* the attempts are exhausted */
    :: CHECKPOINT(due = WAIT; owner = 0; lease = 0);
        goto over
    fi;

wait:
    CHECKPOINT(due = (quiet > 0 -> quiet : WAIT); owner = 0; lease = 0);
    goto over;

waitToAccept:
    CHECKPOINT(due = (acceptQuiet > 0 -> acceptQuiet : WAIT); owner = 0; lease = 0);
    goto over;

fail:
    /* While AddOrder is in doubt, this error code overrides any other. */
    CHECKPOINT(step = FailureUpdate; unknown = (addOrder == Sent));
reportFailure:
    /* Reports Failed to Salesforce now, or later: the order is Failed in either case. */
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
        if
        :: worker == me -> worker = 0
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

/* The modules have set the order up, or one has failed; either may take until now. */
inline finish(isDone) {
    if
    :: isDone && order[workOn] == Pending -> order[workOn] = Active
    :: else
    fi;
    if
    :: worker != 0 -> answer[worker] = (isDone -> workOn : NO)
    :: else
    fi;
    work = 0;
    workOn = 0;
    worker = 0
}

/* Carries out a request at any time within LATE, or never. A pending order also becomes active without the suite: the
 * customer pays, or an AcceptOrder takes effect whose answer was lost. A third order would show nothing that a second
 * one does not. */
active proctype WHMCS() {
    do
    :: atomic { air[0] > 0 && made < 2 -> perform(0) }
    :: atomic { air[1] > 0 && made < 2 -> perform(1) }
    :: atomic { air[0] > 0 && from[0] != 0 -> refuse(0) }
    :: atomic { air[1] > 0 && from[1] != 0 -> refuse(1) }
    :: atomic { work > 0 -> finish(true) }
    :: atomic { work > 0 && MAYFAIL -> FAIL; finish(false) }
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

/* A run that outlives its deadline is a fault: it should end earlier. */
active proctype time() {
    do
    :: atomic {
        (left[1] + left[2] + lease + quiet + acceptQuiet + work + air[0] + air[1] > 0 || (isOpen && due > 0)) && (!isLast || MAYFAIL) ->
        if
        :: isLast -> FAIL
        :: else
        fi;
        pass(left[1]);
        pass(left[2]);
        pass(lease);
        pass(quiet);
        pass(acceptQuiet);
        if
        :: isOpen -> pass(due)
        :: else
        fi;
#ifndef VERY_LATE
        lapse(0);
        lapse(1);
#endif
        if
        :: work == 1 -> work = 0; workOn = 0; worker = 0
        :: work > 1 -> work--
        :: else
        fi
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

/* MARK: properties */

#define isInFlight (air[0] > 0 || air[1] > 0)
#define isOther(k) (stands(k) && id != k)

/* Never two active WHMCS orders for one Salesforce order. */
#define oneActive (!(order[1] == Active && order[2] == Active))
/* Nor two of which one is still pending. */
#define oneOrder (!(stands(1) && stands(2)))
/* Never an AddOrder while an earlier one may still take effect. */
#define noOverlap (!(air[0] > 0 && air[1] > 0))
/* Never an AcceptOrder while another is at work. */
#define oneAccept (!twice)
/* Every accepted order has a time at which it is due, until it has ended. */
#define alwaysDue (!(status == Accepted || status == Activating) || isOpen)
/* A Provisioned order is active in WHMCS. */
#define isProvisioned (status != Provisioned || (order[id] == Active && !isInFlight))
/* Unless an order Failed with WHMCS_OUTCOME_UNKNOWN, the ledger knows every WHMCS order of a Failed order. */
#define isClean (status != Failed || unknown || !(isInFlight || isOther(1) || isOther(2)))

ltl safe { [] (oneActive && oneOrder && noOverlap && oneAccept && alwaysDue && isProvisioned && isClean) }
ltl one_active { [] oneActive }
ltl one_accept { [] oneAccept }

/* After the last fault (FAULTS) every order ends and is reported to Salesforce. Under weak fairness, which only says
 * that a program that can continue eventually does. */
ltl ends { <> ((status == Provisioned || status == Failed) && !isOpen) }
