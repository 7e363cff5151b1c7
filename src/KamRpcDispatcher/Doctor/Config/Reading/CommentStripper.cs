using System.Text;

namespace KamRpcDispatcher.Doctor.Config.Reading;

/// <summary>Takes the comments out of a configuration, line by line: <c>#</c>, <c>//</c>, <c>/* */</c>, none of them within quotes.</summary>
internal sealed class CommentStripper
{
    private bool _isInBlock;
    private char _quote;

    /// <summary>Whether the next line begins within a comment or within quotes: then it is no preprocessor line.</summary>
    public bool IsWithin => _isInBlock || _quote != '\0';

    public string Strip(string line)
    {
        var text = new StringBuilder(line.Length);
        for (var index = 0; index < line.Length; index++)
        {
            var (now, next) = (line[index], index + 1 < line.Length ? line[index + 1] : '\0');
            if (_isInBlock)
            {
                if ((now, next) == ('*', '/'))
                {
                    _isInBlock = false;
                    index++;
                }

                continue;
            }

            if (_quote != '\0')
            {
                text.Append(now);
                if (now == '\\' && next != '\0')
                {
                    text.Append(next);
                    index++;
                }
                else if (now == _quote)
                {
                    _quote = '\0';
                }

                continue;
            }

            switch (now, next)
            {
                case ('#', _) or ('/', '/'):
                    return text.ToString();
                case ('/', '*'):
                    _isInBlock = true;
                    index++;
                    continue;
                case ('"' or '\'', _):
                    _quote = now;
                    break;
            }

            text.Append(now);
        }

        return text.ToString();
    }
}
