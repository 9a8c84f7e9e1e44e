using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Mount.Extraction;

/// <summary>
/// Writes one virtual file as a real one: its header, then every block where it belongs. The file takes its name only when it is whole
/// and on the disk; until then it has a temporary name beside it.
/// </summary>
internal sealed class MrcExtraction : IBlockJob
{
    private readonly IArchive _archive;
    private readonly VirtualMrc _mrc;
    private readonly bool _replace;
    private readonly Action<MrcExtraction, IOException?> _report;
    private readonly string _temporaryPath;
    private readonly SafeFileHandle _file;
    private bool _disposed;

    /// <param name="archive">Owned from here on.</param>
    /// <param name="mrc">The file to write, of the same archive.</param>
    /// <param name="replace">A file of that name may be replaced.</param>
    /// <param name="report">Called once at the end, with the reason when there is no file.</param>
    public MrcExtraction(IArchive archive, VirtualMrc mrc, string path, bool replace, Action<MrcExtraction, IOException?> report)
    {
        (_archive, _mrc, Path, _replace, _report) = (archive, mrc, path, replace, report);
        (_temporaryPath, _file) = CreateTemporary(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        try
        {
            Write(mrc.Header.Span, 0);
        }
        catch
        {
            _file.Dispose();
            File.Delete(_temporaryPath);
            throw;
        }
    }

    public ArchiveDescription Description => _archive.Description;

    /// <summary>The file that is written.</summary>
    public string Path { get; }

    public long LengthBytes => _mrc.LengthBytes;

    public long BlockCount => Description.Grid.BlockCount;

    public void Process(long block, WorkerBuffer buffer, DecodeSlots slots) => BlockRendering.Render(
        _archive, _mrc, block, buffer, slots, Write);

    public void Finish(IOException? fault)
    {
        if (fault is null)
        {
            try
            {
                Check(LinuxFile.Sync(_file, dataOnly: false));
                TakeName();
            }
            catch (IOException e)
            {
                fault = e;
            }
        }

        _report(this, fault);
    }

    /// <summary>A file that is this extraction's alone, whatever other hosts and containers, with processes of the same numbers, write to the folder.</summary>
    private (string Path, SafeFileHandle File) CreateTemporary(string folder)
    {
        const int Flags = LinuxFile.O_WRONLY | LinuxFile.O_CREAT | LinuxFile.O_EXCL;
        const uint Permissions = 0x1B6; // rw-rw-rw-, less the umask
        while (true)
        {
            // Not the file's own name and more: that may be too long for a name.
            string path = System.IO.Path.Combine(folder, $".emfs-extract-{RandomNumberGenerator.GetHexString(16, lowercase: true)}.part");
            int errno = LinuxFile.Open(path, Flags | LinuxFile.O_NOFOLLOW, out SafeFileHandle? file, Permissions);
            if (errno != Errno.EEXIST)
            {
                Check(errno);
                return (path, file!);
            }
        }
    }

    private void Write(ReadOnlySpan<byte> bytes, long fileOffset)
    {
        for (int total = 0; total < bytes.Length;)
        {
            Check(LinuxFile.Write(_file, fileOffset + total, bytes[total..], out int lengthBytes));
            total += lengthBytes;
        }
    }

    // Users know the file by the name that it is to have.
    private void Check(int errno)
    {
        if (errno != 0)
        {
            throw new IOException($"{Path}: cannot be written: {Errno.Message(errno)}");
        }
    }

    private void TakeName()
    {
        int errno = _replace ? Errno.EINVAL : LinuxCommit.RenameWithoutReplacing(_temporaryPath, Path);
        if (errno == Errno.EEXIST)
        {
            throw new IOException($"{Path}: the file exists; --force replaces it.");
        }

        // File systems that cannot rename without replacing (NFS) say EINVAL; the runtime then links and unlinks.
        if (errno != 0)
        {
            File.Move(_temporaryPath, Path, _replace);
        }
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _file.Dispose();
            _archive.Dispose();
            File.Delete(_temporaryPath); // nothing when it has taken its name
        }
    }
}
