/* SPDX-License-Identifier: Apache-2.0 */
/* Disk quota; see disk_quota.h. */
#include "backends/linux/run/disk_quota.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backends/linux/root/union.h"
#include "lib/cleanup.h"
#include "lib/transient.h"

/* Slots of containers; the core's number. */
#define SLOTS 4096u

/* A larger number of blocks overflows in bytes. */
#define BLOCKS_MAX (UINT64_MAX >> QIF_DQBLKSIZE_BITS)

/* The header's QCMD shifts into the sign bit. */
static int disk_quota_call(int fd, unsigned command, int type, uint32_t id, void *data)
{
	unsigned whole = command << SUBCMDSHIFT | ((unsigned)type & SUBCMDMASK);

	return (int)syscall(SYS_quotactl_fd, fd, whole, id, data);
}

int disk_quota_type(int fd)
{
	struct fs_quota_statv status = {.qs_version = FS_QSTATV_VERSION1};

	/* All file systems with quota support this command, and it alone reports whether limits are
	 * enforced. */
	if (disk_quota_call(fd, Q_XGETQSTATV, PRJQUOTA, 0, &status) < 0)
		return -1;
	if (status.qs_flags & FS_QUOTA_PDQ_ENFD)
		return PRJQUOTA;
	return status.qs_flags & FS_QUOTA_UDQ_ENFD ? USRQUOTA : -1;
}

int disk_quota_setup(const struct warden_host *host, struct disk_quota *quota,
		     struct warden_error *err)
{
	const struct warden_settings *settings = host->settings;

	quota->type = -1;
	quota->one = settings->range_start;
	quota->fd = open(settings->depot_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (quota->fd < 0)
		return warden_error_errno(err, "open depot %s", settings->depot_path);
	if (settings->disk_quota_enabled)
		quota->type = disk_quota_type(quota->fd);
	if (quota->type == PRJQUOTA)
		quota->inode_bound = (uint64_t)host->option_integer(host, OPTION_INODES);
	return 0;
}

void disk_quota_free(struct disk_quota *quota)
{
	if (quota->fd >= 0)
		close(quota->fd);
	quota->fd = -1;
}

uint32_t disk_quota_project(const struct disk_quota *quota, const struct warden_identity *identity)
{
	return quota->type == PRJQUOTA ? quota->one + identity->slot : 0;
}

int disk_quota_mark(int directory_fd, const char *name, uint32_t project, struct warden_error *err)
{
	_cleanup_close_ int fd =
		openat(directory_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct fsxattr attributes;

	if (fd < 0 || ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0)
		return warden_error_errno(err, "read the project of %s", name);
	attributes.fsx_projid = project;
	attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
	if (ioctl(fd, FS_IOC_FSSETXATTR, &attributes) < 0)
		return warden_error_errno(err, "set the project of %s to %u", name, project);
	return 0;
}

/* Opens the writable layer; containers of 0.1.0 have it in another place. */
static int disk_quota_open_layer(int directory_fd)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(directory_fd, UNION_UPPER, flags);

	return fd < 0 && errno == ENOENT ? openat(directory_fd, "rw", flags) : fd;
}

/* The project of the writable layer; 0 for one on a tmpfs, or made without project quota. */
static int disk_quota_read_mark(int directory_fd, uint32_t *project, struct warden_error *err)
{
	_cleanup_close_ int fd = disk_quota_open_layer(directory_fd);
	struct fsxattr attributes;

	*project = 0;
	if (fd >= 0 && ioctl(fd, FS_IOC_FSGETXATTR, &attributes) == 0)
		*project = attributes.fsx_projid;
	else if (!transient_is_not(errno) && errno != ENOTTY && errno != EOPNOTSUPP)
		return warden_error_errno(err, "read the project of the writable layer");
	return 0;
}

int disk_quota_find_id(const struct disk_quota *quota, const struct warden_identity *identity,
		       uint32_t *id, struct warden_error *err)
{
	uint32_t project;

	*id = quota->type == USRQUOTA ? identity->uid : 0;
	if (quota->type != PRJQUOTA)
		return 0;
	if (disk_quota_read_mark(identity->dir_fd, &project, err) < 0)
		return -1;
	if (project == disk_quota_project(quota, identity))
		*id = project;
	return 0;
}

/* An id without a quota entry (ENOENT) has no limits. */
static int disk_quota_read(const struct disk_quota *quota, uint32_t id, struct if_dqblk *block)
{
	memset(block, 0, sizeof(*block));
	if (disk_quota_call(quota->fd, Q_GETQUOTA, quota->type, id, block) == 0)
		return 0;
	return errno == ENOENT ? 0 : -1;
}

static int disk_quota_write(const struct disk_quota *quota, uint32_t id, struct if_dqblk *block,
			    struct warden_error *err)
{
	block->dqb_valid = QIF_LIMITS;
	if (disk_quota_call(quota->fd, Q_SETQUOTA, quota->type, id, block) == 0)
		return 0;
	return warden_error_errno(err,
				  "set %" PRIu64 " blocks (soft %" PRIu64 "), %" PRIu64
				  " inodes (soft %" PRIu64 ") for %s %u",
				  (uint64_t)block->dqb_bhardlimit, (uint64_t)block->dqb_bsoftlimit,
				  (uint64_t)block->dqb_ihardlimit, (uint64_t)block->dqb_isoftlimit,
				  quota->type == PRJQUOTA ? "project" : "user", id);
}

/* Whether it has others than a new container, and than an id that was never used. */
static bool disk_quota_has_limits(const struct disk_quota *quota, const struct if_dqblk *block)
{
	return block->dqb_bhardlimit || block->dqb_bsoftlimit || block->dqb_isoftlimit ||
	       (block->dqb_ihardlimit && block->dqb_ihardlimit != quota->inode_bound);
}

static int disk_quota_unlimit(const struct disk_quota *quota, uint32_t id, struct if_dqblk *block,
			      struct warden_error *err)
{
	block->dqb_bhardlimit = block->dqb_bsoftlimit = 0;
	block->dqb_ihardlimit = quota->inode_bound;
	block->dqb_isoftlimit = 0;
	return disk_quota_write(quota, id, block, err);
}

int disk_quota_reset(const struct disk_quota *quota, const struct warden_identity *identity,
		     struct warden_error *err)
{
	uint32_t id = quota->type == USRQUOTA ? identity->uid : disk_quota_project(quota, identity);
	struct if_dqblk block;

	if (id == 0)
		return 0; /* nothing enforces limits */
	if (disk_quota_read(quota, id, &block) < 0)
		return warden_error_errno(err, "read the disk quota of %u", id);
	if (block.dqb_ihardlimit == quota->inode_bound && !disk_quota_has_limits(quota, &block))
		return 0;
	return disk_quota_unlimit(quota, id, &block, err);
}

static int disk_quota_check_limits(const struct disk_quota *quota, uint32_t id,
				   const struct warden_limits *limits, struct warden_error *err)
{
	const uint64_t blocks[] = {limits->disk_block_hard, limits->disk_block_soft};

	if (quota->type < 0)
		return warden_error_set(err, "the depot's file system enforces none: it must be "
					     "ext4 or xfs, mounted with prjquota or usrquota");
	if (id == 0)
		return warden_error_set(err, "the container's files are on a tmpfs, or were made "
					     "before the depot's file system had project quota");
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
		if (blocks[i] != WARDEN_UNKNOWN && blocks[i] > BLOCKS_MAX)
			return warden_error_set(err, "%" PRIu64 " blocks are more than %" PRIu64,
						blocks[i], BLOCKS_MAX);
	return 0;
}

int disk_quota_set(const struct disk_quota *quota, uint32_t id, const struct warden_limits *limits,
		   struct warden_error *err)
{
	struct if_dqblk block;

	if (disk_quota_check_limits(quota, id, limits, err) < 0)
		return -1;
	if (disk_quota_read(quota, id, &block) < 0)
		return warden_error_errno(err, "read the disk quota of %u", id);
	if (limits->disk_block_hard != WARDEN_UNKNOWN)
		block.dqb_bhardlimit = limits->disk_block_hard;
	if (limits->disk_block_soft != WARDEN_UNKNOWN)
		block.dqb_bsoftlimit = limits->disk_block_soft;
	if (limits->disk_inode_hard != WARDEN_UNKNOWN)
		block.dqb_ihardlimit =
			limits->disk_inode_hard ? limits->disk_inode_hard : quota->inode_bound;
	if (limits->disk_inode_soft != WARDEN_UNKNOWN)
		block.dqb_isoftlimit = limits->disk_inode_soft;
	return disk_quota_write(quota, id, &block, err);
}

void disk_quota_get(const struct disk_quota *quota, uint32_t id, struct warden_limits *limits)
{
	struct if_dqblk block;

	if (id == 0 || disk_quota_read(quota, id, &block) < 0)
		return; /* `limits` stays unchanged */
	limits->disk_block_hard = block.dqb_bhardlimit;
	limits->disk_block_soft = block.dqb_bsoftlimit;
	limits->disk_inode_hard = block.dqb_ihardlimit;
	limits->disk_inode_soft = block.dqb_isoftlimit;
}

void disk_quota_info(const struct disk_quota *quota, uint32_t id, struct warden_info *info)
{
	struct if_dqblk block;

	if (id == 0 || disk_quota_read(quota, id, &block) < 0)
		return;
	info->disk_bytes = block.dqb_curspace;
	info->disk_inodes = block.dqb_curinodes;
	/* Not the setting: the container may be of a time when that was another. */
	if (quota->type == PRJQUOTA && block.dqb_ihardlimit > 0)
		info->inode_bound = block.dqb_ihardlimit;
}

static void disk_quota_clean_project(const struct disk_quota *quota, uint32_t project, bool unused,
				     bool dry_run, disk_quota_cleaned *done, void *data)
{
	struct warden_error err = {0};
	struct if_dqblk block;

	if (disk_quota_read(quota, project, &block) < 0 || !disk_quota_has_limits(quota, &block) ||
	    (unused && (block.dqb_curspace > 0 || block.dqb_curinodes > 0)))
		return;
	done(data, project, dry_run ? 0 : disk_quota_unlimit(quota, project, &block, &err), &err);
}

void disk_quota_clean_directory(const struct disk_quota *quota, int directory_fd, bool dry_run,
				disk_quota_cleaned *done, void *data)
{
	_cleanup_close_ int fd = disk_quota_open_layer(directory_fd);
	struct fsxattr attributes;

	if (quota->type == PRJQUOTA && fd >= 0 && ioctl(fd, FS_IOC_FSGETXATTR, &attributes) == 0 &&
	    attributes.fsx_projid - quota->one < SLOTS)
		disk_quota_clean_project(quota, attributes.fsx_projid, false, dry_run, done, data);
}

void disk_quota_clean_unused(const struct disk_quota *quota, bool dry_run, disk_quota_cleaned *done,
			     void *data)
{
	for (uint32_t slot = 0; quota->type == PRJQUOTA && slot < SLOTS; slot++)
		disk_quota_clean_project(quota, quota->one + slot, true, dry_run, done, data);
}
