using System.Runtime.InteropServices;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Mount.Demo;

/// <summary>A file of the sample project.</summary>
/// <param name="Bits">Bits that suit it: 5 for single images, 12 for volumes.</param>
internal sealed record SampleFile(string Title, string Name, FrameShape Shape, bool IsVolume, int Bits);

/// <summary>Makes a small project such as a microscope and its programs leave behind: noise with a little in it, and a masked density.</summary>
internal static class SampleProject
{
    private const float PixelSize = 1.1f;

    public static SampleFile[] Files { get; } =
    [
        new("stack of particles", "particles.mrcs", new FrameShape(128, 128, 500), IsVolume: false, Bits: 5),
        new("micrograph", "micrograph.mrc", new FrameShape(4096, 4096, 1), IsVolume: false, Bits: 5),
        new("volume", "map.mrc", new FrameShape(160, 160, 160), IsVolume: true, Bits: 12),
    ];

    /// <summary>Writes a file as MRC of mode 2.</summary>
    public static void Write(SampleFile file, string path)
    {
        FrameShape shape = file.Shape;
        int mz = file.IsVolume ? shape.FrameCount : 1;
        var header = new MrcHeader
        {
            Nx = shape.Nx,
            Ny = shape.Ny,
            Nz = shape.FrameCount,
            Mode = 2,
            Sampling = (shape.Nx, shape.Ny, mz),
            CellLengths = new AngstromVector(shape.Nx * PixelSize, shape.Ny * PixelSize, mz * PixelSize),
            SpaceGroup = file.IsVolume ? 1 : 0,
            Labels = ["sample data of the demonstration of VirtualEmFs"],
        };
        byte[] headerBytes = new byte[MrcHeader.LengthBytes];
        header.Write(headerBytes);

        using FileStream output = File.Create(path);
        output.Write(headerBytes);
        float[] frame = new float[shape.FrameLengthSamples];
        for (int z = 0; z < shape.FrameCount; z++)
        {
            if (file.IsVolume)
            {
                FillSection(frame, shape, z);
            }
            else
            {
                FillImage(frame, shape, z);
            }

            output.Write(MemoryMarshal.AsBytes<float>(frame));
        }
    }

    /// <summary>Noise of sigma 1 with faint rings in it. The seed is the row's own, so that rows may be made side by side.</summary>
    private static void FillImage(float[] frame, FrameShape shape, int image) => Parallel.For(0, shape.Ny, row =>
    {
        var random = new Random(unchecked((image * 8191) + row));
        for (int column = 0; column < shape.Nx; column++)
        {
            float x = (column % 128) - 64, y = (row % 128) - 64;
            frame[(row * shape.Nx) + column] = Gaussian(random) + (0.3f * MathF.Cos(0.3f * MathF.Sqrt((x * x) + (y * y))));
        }
    });

    /// <summary>A density inside a sphere, exactly zero outside, as after masking.</summary>
    private static void FillSection(float[] frame, FrameShape shape, int section) => Parallel.For(0, shape.Ny, row =>
    {
        var random = new Random(unchecked((section * 8191) + row));
        float radius = 0.45f * shape.Nx;
        for (int column = 0; column < shape.Nx; column++)
        {
            float x = column - (shape.Nx / 2f), y = row - (shape.Ny / 2f), z = section - (shape.FrameCount / 2f);
            float distance = MathF.Sqrt((x * x) + (y * y) + (z * z));
            frame[(row * shape.Nx) + column] = distance > radius ? 0 : MathF.Cos(0.2f * distance) + (0.05f * Gaussian(random));
        }
    });

    /// <summary>Normally distributed (Box–Muller).</summary>
    private static float Gaussian(Random random) =>
        MathF.Sqrt(-2 * MathF.Log(1 - random.NextSingle())) * MathF.Cos(2 * MathF.PI * random.NextSingle());
}
