using Microsoft.Extensions.Logging;
using VirtualEmFs.Frames;
using VirtualEmFs.Mount.Commands;
using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Native.Libc;
using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Staging;
using VirtualEmFs.Vfs.WriteBack;

namespace VirtualEmFs.Mount.Staging;

/// <summary>
/// What a writable mount consists of besides its tree: the locks of its owner, the staging folder, and the write-back.
/// </summary>
/// <remarks>One owner. Parts begin in the order in which they lean on each other, and end the other way round.</remarks>
internal sealed class WritableMount : IDisposable
{
    private const uint ReadWriteBits = 0x1B6;             // 0666
    private const uint PermissionsOfStagingOwner = 0x180; // 0600

    private readonly OwnerLock _stagingLock, _sourceLock;
    private readonly ILogger _logger;
    private StagedNames? _names;

    private WritableMount(OwnerLock stagingLock, OwnerLock sourceLock, PosixDisk disk, StagingArea area, MrcArchiver archiver, WriteBackQueue queue, bool isDryRun, ILogger logger)
    {
        (_stagingLock, _sourceLock, Disk, Area, Archiver, Queue, _logger) = (stagingLock, sourceLock, disk, area, archiver, queue, logger);
        Control = new StagingControl(queue, area, isDryRun);
    }

    public PosixDisk Disk { get; }

    public StagingArea Area { get; }

    public MrcArchiver Archiver { get; }

    public WriteBackQueue Queue { get; }

    /// <summary>Answers what users ask.</summary>
    public StagingControl Control { get; }

    /// <summary>File name of the list of our staged names.</summary>
    public string OwnNameList => NameList.FileNameOf(MountOwner.CurrentHost, Area.FolderPath);

    /// <summary>Takes ownership of a staging folder and a source, and recovers what a former mount left there.</summary>
    /// <param name="owner">This process; its paths have their links resolved.</param>
    /// <param name="takesOver">An owner on another host is dead.</param>
    /// <param name="readersAreActive">Whether readers wait, whom the write-back lets go first.</param>
    /// <exception cref="CommandException">Another mount owns one of them, or they cannot be used.</exception>
    public static WritableMount Open(
        MountOwner owner, IArchiveFormats formats, MrcArchiverOptions archiving, WriteBackOptions writeBack, bool takesOver,
        Func<bool> readersAreActive, ILogger logger)
    {
        RequireSourceOfStaged(owner);
        uint sourcePermissions = MakeOwnFolder(owner.SourcePath);
        OwnerLock? stagingLock = null, sourceLock = null;
        try
        {
            stagingLock = OwnerLock.Acquire(
                $"the staging folder {owner.StagingPath}", $"{owner.StagingPath}/{OwnerLock.FileName}", PermissionsOfStagingOwner, owner, takesOver);
            sourceLock = OwnerLock.Acquire(
                $"the source {owner.SourcePath}", $"{owner.SourcePath}/{NameRules.OwnFolder}/{OwnerLock.FileName}", sourcePermissions & ReadWriteBits, owner, takesOver);
            DiskFaults? faults = DiskFaults.FromEnvironment();
            var disk = new PosixDisk(faults);
            StagingArea area = StagingArea.Open(disk, owner.StagingPath, owner.SourcePath, logger, TimeProvider.System);
            var archiver = new MrcArchiver(
                formats, faults is null ? archiving : archiving with { Steps = path => new CountedCommitSteps(faults, path) });
            var queue = new WriteBackQueue(area, disk, archiver, writeBack, logger, TimeProvider.System) { ReadersAreActive = readersAreActive };
            return new WritableMount(stagingLock, sourceLock, disk, area, archiver, queue, writeBack.IsDryRun, logger);
        }
        catch (Exception e)
        {
            sourceLock?.Dispose();
            stagingLock?.Dispose();
            throw e is IOException ? new CommandException(ExitCode.StagingUnusable, e.Message)
                : e is FormatException ? new CommandException(ExitCode.Usage, e.Message) // of the variable with a test's faults
                : e;
        }
    }

    /// <summary>Begins to archive, and to tell other mounts what is staged here.</summary>
    public void Start()
    {
        _names = new StagedNames(Disk, Area, MountOwner.CurrentHost, _logger);
        if (_stagingLock.Former is { } former)
        {
            _names.Forget(former.Host, former.StagingPath);
        }

        _names.Start();
        Queue.Start();
    }

    /// <summary>Ends the staging folder and gives up ownership. After the write-back and the tree.</summary>
    public void Dispose()
    {
        if (!Queue.HasEnded)
        {
            return; // a disk that hangs may still let a commit through: the locks hold until the process is gone
        }

        _names?.Dispose();
        bool filesAreStaged = Area.Index.Count > 0;
        Area.Dispose();
        _sourceLock.Release(filesAreStaged);
        _stagingLock.Release(filesAreStaged);
    }

    /// <summary>
    /// A mount makes its folder in the source durable before anything is staged. Where that is gone, the source's disk is perhaps not mounted, and
    /// archives would come to lie in the empty folder under it, where nobody sees them later.
    /// </summary>
    private static void RequireSourceOfStaged(MountOwner owner)
    {
        string path = $"{owner.SourcePath}/{NameRules.OwnFolder}";
        if (LinuxFile.Stat(path, followLinks: false, out _) != Errno.ENOENT)
        {
            return;
        }

        int stagedFiles = 0;
        try
        {
            stagedFiles = StagingArea.ReadEntries(new PosixDisk(), owner.StagingPath, out string source, out _).Count;
            stagedFiles = source == owner.SourcePath ? stagedFiles : 0;
        }
        catch (IOException)
        {
            // There is no journal yet; or it is damaged, and whoever opens it says so.
        }

        if (stagedFiles > 0)
        {
            throw new CommandException(
                ExitCode.SourceUnusable,
                $"{CommandOutput.Files(stagedFiles)} of {owner.SourcePath} {(stagedFiles == 1 ? "is" : "are")} staged in {owner.StagingPath}, but that folder has no {NameRules.OwnFolder} any more: mount its disk first, or, if it is the right one, say: mkdir {path}");
        }
    }

    /// <summary>Makes the source's own folder, which whoever may read the source may read.</summary>
    /// <returns>The source's permissions.</returns>
    private static uint MakeOwnFolder(string source)
    {
        string path = $"{source}/{NameRules.OwnFolder}";
        int errno = LinuxFile.Stat(source, followLinks: true, out Statx stat);
        uint permissions = stat.stx_mode & 0xFFFu;
        if (errno == 0)
        {
            errno = LinuxNames.MakeFolder(path, permissions);
            errno = errno == Errno.EEXIST ? 0 : errno == 0 ? LinuxAttributes.SetPermissions(path, permissions) : errno;
        }

        return errno == 0 ? permissions : throw new CommandException(
            ExitCode.SourceUnusable, $"the source {source} cannot be written: {Errno.Message(errno)}; without --staging it can be mounted for reading");
    }
}
