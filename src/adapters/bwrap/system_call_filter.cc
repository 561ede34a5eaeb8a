#include "adapters/bwrap/system_call_filter.h"

#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

namespace ratchet {

Result<int> WriteSystemCallFilter() {
  const std::unique_ptr<void, decltype(&seccomp_release)> context(seccomp_init(SCMP_ACT_ALLOW),
                                                                  seccomp_release);
  if (context == nullptr) return Fail(ErrorCode::kUnavailable, "libseccomp gives no filter");
  static constexpr int kDenied[] = {SCMP_SYS(ptrace),
                                    SCMP_SYS(process_vm_readv),
                                    SCMP_SYS(process_vm_writev),
                                    SCMP_SYS(mount),
                                    SCMP_SYS(umount2),
                                    SCMP_SYS(pivot_root),
                                    SCMP_SYS(chroot),
                                    SCMP_SYS(unshare),
                                    SCMP_SYS(setns),
                                    SCMP_SYS(keyctl),
                                    SCMP_SYS(add_key),
                                    SCMP_SYS(request_key),
                                    SCMP_SYS(bpf),
                                    SCMP_SYS(perf_event_open),
                                    SCMP_SYS(userfaultfd),
                                    SCMP_SYS(kexec_load),
                                    SCMP_SYS(init_module),
                                    SCMP_SYS(finit_module),
                                    SCMP_SYS(delete_module),
                                    SCMP_SYS(open_by_handle_at),
                                    SCMP_SYS(memfd_create),  // memory that no limit counts
                                    SCMP_SYS(memfd_secret),
                                    SCMP_SYS(io_uring_setup),
                                    SCMP_SYS(io_uring_enter),
                                    SCMP_SYS(io_uring_register),
                                    SCMP_SYS(fsopen),
                                    SCMP_SYS(fsmount),
                                    SCMP_SYS(move_mount),
                                    SCMP_SYS(open_tree),
                                    SCMP_SYS(acct),
                                    SCMP_SYS(swapon),
                                    SCMP_SYS(reboot),
                                    SCMP_SYS(quotactl),
                                    SCMP_SYS(settimeofday),
                                    SCMP_SYS(clock_settime),
                                    SCMP_SYS(pidfd_getfd)};
  const auto deny_argument = [&](int call, scmp_arg_cmp first) {
    return seccomp_rule_add_array(context.get(), SCMP_ACT_ERRNO(EPERM), call, 1, &first);
  };
  int failed = 0;
  for (const int call : kDenied)
    failed |= seccomp_rule_add(context.get(), SCMP_ACT_ERRNO(EPERM), call, 0);
  // New name spaces by clone; clone3 hides its flags in memory, so programs fall back to clone.
  failed |= deny_argument(SCMP_SYS(clone), {0, SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER});
  failed |= seccomp_rule_add(context.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  for (const scmp_datum_t family : {scmp_datum_t{AF_PACKET}, scmp_datum_t{AF_VSOCK}})
    failed |= deny_argument(SCMP_SYS(socket), {0, SCMP_CMP_EQ, family, 0});
  const int file = memfd_create("ratchet-seccomp", 0);  // inherited on purpose
  if (failed != 0 || file < 0 || seccomp_export_bpf(context.get(), file) != 0 ||
      lseek(file, 0, SEEK_SET) != 0) {
    if (file >= 0) close(file);
    return Fail(ErrorCode::kUnavailable, "the system call filter cannot be made");
  }
  return file;
}

}  // namespace ratchet
