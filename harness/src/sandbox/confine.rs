//! What a program may not do, in the last moment before it begins.
//!
//! Source: capabilities(7), seccomp(2), getrlimit(2).

use std::collections::BTreeMap;

use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

use super::fault::{Fault, While};

/// The memory that one process may have for itself, in bytes. All of them together are watched
/// over; this is for one that is faster than the watch.
const DATA: u64 = 4 << 30;

/// Gives up whatever a program could harm others with, but for its system calls.
pub(super) fn give_up_privileges(processes: u64) -> Result<(), Fault> {
    limit(processes)?;
    for capability in CapabilitySet::all().iter() {
        // Older kernels do not know all of them.
        let _ = remove_capability_from_bounding_set(capability);
    }
    clear_ambient_capability_set().to("give up capabilities")?;
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })
        .to("give up capabilities")?;
    set_no_new_privs(true).to("give up set-user-ID programs")
}

fn limit(processes: u64) -> Result<(), Fault> {
    for (resource, most) in
        [(Resource::Nproc, processes), (Resource::Core, 0), (Resource::Data, DATA)]
    {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, limit).to("limit what it may use")?;
    }
    Ok(())
}

/// Calls that reach for the kernel, for other processes or for namespaces. The filter of container
/// engines refuses them as well; a program that is asked for help needs none of them.
const REFUSED: &[libc::c_long] = &[
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_delete_module,
    libc::SYS_finit_module,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_init_module,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_kcmp,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_move_pages,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pivot_root,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_quotactl,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_seccomp,
    libc::SYS_setns,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
    libc::SYS_vhangup,
    // A page that lies in a pipe is no process's any more, and may keep a huge one.
    libc::SYS_vmsplice,
];

/// Namespaces, in the flags of `clone`.
const NAMESPACES: [libc::c_int; 7] = [
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWUTS,
];

/// Gives up the system calls that a program could harm others with. It is the last thing to give up.
pub(super) fn filter_system_calls() -> Result<(), Fault> {
    let failed = |error: &dyn std::fmt::Display| Fault::new("filter system calls", error);
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|it| failed(&it))?;
    let refused = programs(arch).map_err(|it| failed(&it))?;
    refused.iter().try_for_each(|it| apply_filter(it)).map_err(|it| failed(&it))
}

/// The families of sockets that a network namespace keeps apart. `AF_VSOCK`, for one, leads to the
/// host of a virtual machine.
const FAMILIES: [libc::c_int; 4] = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];

/// Calls about a process that its first argument names: not about the first one, which is
/// archproof's.
const ABOUT_PROCESSES: [libc::c_long; 5] = [
    libc::SYS_prlimit64,
    libc::SYS_sched_setaffinity,
    libc::SYS_sched_setattr,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setscheduler,
];
const FIRST_PROCESS: u64 = 1;
/// `prctl` options that take privileges away which nobody has: they are as good as done, and so is
/// `capset`.
///
/// Source: `prctl(2)`, `capset(2)`.
const IDLE_OPTIONS: [libc::c_int; 3] =
    [libc::PR_CAPBSET_DROP, libc::PR_SET_SECUREBITS, libc::PR_CAP_AMBIENT];

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Three filters, for each has one answer to all that it takes.
fn programs(arch: TargetArch) -> Result<[BpfProgram; 3], seccompiler::BackendError> {
    let answer = |errno: libc::c_int| SeccompAction::Errno(errno.cast_unsigned());
    let refuse = |rules, errno| {
        SeccompFilter::new(rules, SeccompAction::Allow, answer(errno), arch)?.try_into()
    };
    // Its flags are in memory, where a filter does not see them. C libraries then take clone.
    let unseen = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    let idle = IDLE_OPTIONS.map(|it| rule(&[is(0, number(it))?]));
    let mut idle = idle.into_iter().collect::<Result<Vec<_>, _>>()?;
    // Who is not dumpable cannot be watched.
    idle.push(rule(&[is(0, number(libc::PR_SET_DUMPABLE))?, is(1, 0)?])?);
    let idle = BTreeMap::from([(libc::SYS_prctl, idle), (libc::SYS_capset, Vec::new())]);
    // The last one takes filters too.
    Ok([refuse(unseen, libc::ENOSYS)?, refuse(idle, 0)?, refuse(refused()?, libc::EPERM)?])
}

/// What is not permitted.
fn refused() -> Result<Rules, seccompiler::BackendError> {
    let mut rules: Rules = REFUSED.iter().map(|it| (*it, Vec::new())).collect();
    let enters = |flag: libc::c_int| {
        let flag = number(flag);
        rule(&[condition(0, SeccompCmpOp::MaskedEq(flag), flag)?])
    };
    let namespaces = NAMESPACES.into_iter().map(enters).collect::<Result<_, _>>()?;
    rules.insert(libc::SYS_clone, namespaces);
    let no_family = FAMILIES.map(|it| condition(0, SeccompCmpOp::Ne, number(it)));
    let no_family: Vec<_> = no_family.into_iter().collect::<Result<_, _>>()?;
    for call in [libc::SYS_socket, libc::SYS_socketpair] {
        rules.insert(call, vec![rule(&no_family)?]);
    }
    for call in ABOUT_PROCESSES {
        rules.insert(call, vec![rule(&[is(0, FIRST_PROCESS)?])?]);
    }
    // The second argument of these names a process, if the first says so.
    let process = number(libc::PRIO_PROCESS.cast_signed());
    rules.insert(libc::SYS_setpriority, vec![rule(&[is(0, process)?, is(1, FIRST_PROCESS)?])?]);
    rules.insert(libc::SYS_ioprio_set, vec![rule(&[is(0, 1)?, is(1, FIRST_PROCESS)?])?]);
    rules.insert(libc::SYS_prctl, vec![rule(&[is(0, number(libc::PR_SET_SECCOMP))?])?]);
    Ok(rules)
}

fn number(it: libc::c_int) -> u64 {
    u64::from(it.cast_unsigned())
}

fn condition(
    argument: u8,
    compare: SeccompCmpOp,
    value: u64,
) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, compare, value)
}

fn is(argument: u8, value: u64) -> Result<SeccompCondition, seccompiler::BackendError> {
    condition(argument, SeccompCmpOp::Eq, value)
}

/// Conditions that all hold.
fn rule(conditions: &[SeccompCondition]) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(conditions.to_vec())
}
