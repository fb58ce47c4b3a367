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

/// Gives up whatever a program could harm others with.
pub(super) fn confine(processes: u64) -> Result<(), Fault> {
    limit(processes)?;
    for capability in CapabilitySet::all().iter() {
        // Older kernels do not know all of them.
        let _ = remove_capability_from_bounding_set(capability);
    }
    clear_ambient_capability_set().to("give up capabilities")?;
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })
        .to("give up capabilities")?;
    set_no_new_privs(true).to("give up set-user-ID programs")?;
    filter_system_calls()
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
    libc::SYS_chroot,
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
    libc::SYS_setns,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
    libc::SYS_vhangup,
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

fn filter_system_calls() -> Result<(), Fault> {
    let failed = |error: &dyn std::fmt::Display| Fault::new("filter system calls", error);
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|it| failed(&it))?;
    let refused = programs(arch).map_err(|it| failed(&it))?;
    refused.iter().try_for_each(|it| apply_filter(it)).map_err(|it| failed(&it))
}

/// Two filters, for each has one answer to all that it refuses.
fn programs(arch: TargetArch) -> Result<[BpfProgram; 2], seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        REFUSED.iter().map(|it| (*it, Vec::new())).collect();
    let enters = |flag: libc::c_int| {
        let flag = u64::from(flag.cast_unsigned());
        let equal = SeccompCmpOp::MaskedEq(flag);
        let is_set = SeccompCondition::new(0, SeccompCmpArgLen::Qword, equal, flag)?;
        SeccompRule::new(vec![is_set])
    };
    let namespaces = NAMESPACES.into_iter().map(enters).collect::<Result<_, _>>()?;
    rules.insert(libc::SYS_clone, namespaces);
    let answer = |errno: libc::c_int| SeccompAction::Errno(errno.cast_unsigned());
    let refuse = |rules, errno| {
        SeccompFilter::new(rules, SeccompAction::Allow, answer(errno), arch)?.try_into()
    };
    // Its flags are in memory, where a filter does not see them. C libraries then take clone.
    let unseen = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    Ok([refuse(rules, libc::EPERM)?, refuse(unseen, libc::ENOSYS)?])
}
