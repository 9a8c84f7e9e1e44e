using System.Runtime.InteropServices;
using VirtualEmFs.Frames;
using VirtualEmFs.Native.Hdf5;

namespace VirtualEmFs.Archives.Hdf5.Writing;

/// <summary>Writes the header of one image as EMAN2 encodes it (spec/eman2-hdf5.md section 1.3).</summary>
internal readonly struct Eman2Attributes(Hdf5Writer writer, GroupHandle group)
{
    /// <summary>Writes the whole header: 16 attributes for a truncated image of a stack, which with their names are most of what it costs.</summary>
    public void Write(Eman2Image image, Eman2Header header)
    {
        Write("nx", image.Nx);
        Write("ny", image.Ny);
        Write("nz", image.SectionCount);
        Write("apix_x", header.PixelSize.X);
        Write("apix_y", header.PixelSize.Y);
        Write("apix_z", header.PixelSize.Z);
        Write("origin_x", header.Origin.X);
        Write("origin_y", header.Origin.Y);
        if (image.Nz > 0)
        {
            Write("origin_z", header.Origin.Z);
        }

        Write("minimum", header.Statistics.Minimum);
        Write("maximum", header.Statistics.Maximum);
        Write("mean", header.Statistics.Mean);
        Write("sigma", header.Statistics.Sigma);
        if (!header.Rescale.IsNone)
        {
            Write("stored_rendermin", header.Rescale.Minimum);
            Write("stored_rendermax", header.Rescale.Maximum);
            Write("stored_renderbits", header.Rescale.Bits);
            Write("stored_truncated", (int)Math.Min(header.TruncatedCount, int.MaxValue));
        }

        foreach (Eman2Field field in header.Fields)
        {
            Write(field);
        }
    }

    private void Write(string name, int value) =>
        writer.WriteAttribute(group, "EMAN." + name, Hdf5Type.Int32, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)));

    private void Write(string name, float value) =>
        writer.WriteAttribute(group, "EMAN." + name, Hdf5Type.Float32, MemoryMarshal.AsBytes(new ReadOnlySpan<float>(in value)));

    private void Write(Eman2Field field)
    {
        switch (field.Value)
        {
            case int value:
                Write(field.Name, value);
                break;
            case float value:
                Write(field.Name, value);
                break;
            case double value:
                writer.WriteAttribute(group, "EMAN." + field.Name, Hdf5Type.Float64, MemoryMarshal.AsBytes(new ReadOnlySpan<double>(in value)));
                break;
            case string value:
                writer.WriteAttribute(group, "EMAN." + field.Name, value);
                break;
            default:
                throw new ArgumentException($"EMAN2 has no attribute of type {field.Value.GetType().Name}", nameof(field));
        }
    }
}
